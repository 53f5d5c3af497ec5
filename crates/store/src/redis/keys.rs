//! Every key and channel of Redis that Rookery uses, spelled here and nowhere else;
//! `docs/STORAGE.md` says what each is.
//!
//! Every key of a room stands under the tag `{p}` of the room's partition, and every
//! key of a user under that of the user's.

use fred::bytes_utils::Str;
use rookery_protocol::{InviteCode, RoomId, ServerId, UserId};

use crate::{Partition, Skeleton};

/// The channel that all nodes share. Channels know no databases: where the keys
/// lie in another one than 0, the name says so, and two deployments on one
/// Redis do not hear each other.
pub(super) fn bus(database: u8) -> Str {
    match database {
        0 => Str::from_static("rookery:bus"),
        other => format!("rookery:bus:{other}").into(),
    }
}

/// String: the number of the layout.
pub(super) const LAYOUT: &str = "rookery:layout";
/// A key that every node of layout 1 wrote.
pub(super) const LAYOUT_1: &str = "rookery:term";

/// Hash: life of a node → its state, as `lease.lua` says.
pub(super) const LEASES: &str = "rookery:leases";

/// String, gone after some seconds: a node writes it to see that it can.
pub(super) fn probe(node: &ServerId) -> String {
    format!("rookery:node:{node}:probe")
}

/// String: the word that epochs begin with, which Redis it belongs to, and for how long
/// the partition has lived, as `partition.lua` says.
pub(super) fn partition(partition: Partition) -> String {
    format!("rookery:{{{partition}}}:partition")
}

/// Sorted set: room → when it was made, or made again.
pub(super) fn rooms(partition: Partition) -> String {
    format!("rookery:{{{partition}}}:rooms")
}

/// Sorted set: room → when something there is to be let go of.
pub(super) fn due(partition: Partition) -> String {
    format!("rookery:{{{partition}}}:due")
}

/// Sorted set: name and id of each user who was heard of, in the order of the names.
pub(super) fn people(partition: Partition) -> String {
    format!("rookery:{{{partition}}}:people")
}

/// Stream: which rooms grew to which number.
pub(super) fn feed(partition: Partition) -> String {
    format!("rookery:{{{partition}}}:feed")
}

/// Hash: life of a node → its last change of presence in this partition, or that it is over.
pub(super) fn lives(partition: Partition) -> String {
    format!("rookery:{{{partition}}}:lives")
}

/// String: the time of the last transition of presence, as `presence.lua` says.
pub(super) fn presence_time(partition: Partition) -> String {
    format!("rookery:{{{partition}}}:presence")
}

/// Set: the rooms of the partition in which one life of a node has users.
pub(super) fn rooms_of_life(partition: Partition, life: &str) -> String {
    format!("rookery:{{{partition}}}:life:{life}")
}

fn of_room(kind: &str, room: &RoomId) -> String {
    let partition = Partition::of_room(room);
    format!("rookery:{{{partition}}}:{kind}:{room}")
}

/// String: what is known of the room and its log, as `head.lua` says.
pub(super) fn head(room: &RoomId) -> String {
    of_room("head", room)
}

/// Hash: the events and the nonces of the room, as `log.lua` says.
pub(super) fn log(room: &RoomId) -> String {
    of_room("log", room)
}

/// String: a bit for each event that is no visible message, as `hidden.lua` says.
pub(super) fn hidden(room: &RoomId) -> String {
    of_room("hidden", room)
}

/// Sorted set: member → role and since when, as `people.lua` says.
pub(super) fn members(room: &RoomId) -> String {
    of_room("members", room)
}

/// Hash: what is set of the room, and who is banned or muted, as `people.lua` says.
pub(super) fn rules(room: &RoomId) -> String {
    of_room("rules", room)
}

/// Sorted set, in slow mode: who wrote lately → when.
pub(super) fn wrote(room: &RoomId) -> String {
    of_room("wrote", room)
}

/// Sorted set: who reacted to which message, as `reactions.lua` says.
pub(super) fn reactors(room: &RoomId) -> String {
    of_room("reactors", room)
}

/// String, gone after a moment: something was told of the reactions to a message.
pub(super) fn reacted(room: &RoomId, seq: u64) -> String {
    let partition = Partition::of_room(room);
    format!("rookery:{{{partition}}}:reacted:{seq}:{room}")
}

/// Hash: code → the invitation, as `invites.lua` says.
pub(super) fn invites(room: &RoomId) -> String {
    of_room("invites", room)
}

/// String: the room that a code is an invitation to.
pub(super) fn code(partition: Partition, code: &InviteCode) -> String {
    format!("rookery:{{{partition}}}:code:{code}")
}

/// Hash: user → the lives of nodes that have them, and the user as JSON.
pub(super) fn online(room: &RoomId) -> String {
    of_room("online", room)
}

/// Set: the users of the room that one life of a node has.
pub(super) fn online_of_life(room: &RoomId, life: &str) -> String {
    let partition = Partition::of_room(room);
    format!("rookery:{{{partition}}}:held:{life}:{room}")
}

fn of_user(kind: &str, user: &UserId) -> String {
    let partition = Partition::of_user(user);
    format!("rookery:{{{partition}}}:{kind}:{user}")
}

/// Hash: room → up to which event the user has looked.
pub(super) fn rooms_of_user(user: &UserId) -> String {
    of_user("member", user)
}

/// String: when all rooms that the user has made are paid off, in milliseconds; see `join.lua`.
pub(super) fn made_by_user(user: &UserId) -> String {
    of_user("made", user)
}

/// String: what people call the user.
pub(super) fn person(user: &UserId) -> String {
    of_user("person", user)
}

/// String: the account of the user and who is logged in, as JSON behind a version.
pub(super) fn account(user: &UserId) -> String {
    of_user("account", user)
}

/// String: whom the user has blocked, as JSON behind a version.
pub(super) fn blocks(user: &UserId) -> String {
    of_user("blocks", user)
}

/// String: whose the name is, as JSON behind a version.
pub(super) fn name(name: &Skeleton) -> String {
    let partition = Partition::of_name(name);
    format!("rookery:{{{partition}}}:name:{name}")
}
