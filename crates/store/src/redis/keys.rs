//! Every key and channel of Redis that Rookery uses, spelled here and nowhere else.
//!
//! All keys of a room share the hash tag `{room}`. Nonces lie beside them, for
//! all rooms together.

use fred::bytes_utils::Str;
use rookery_protocol::{RoomId, ServerId, UserId};

/// The channel that all nodes share. Channels know no databases: where the keys
/// lie in another one than 0, the name says so, and two deployments on one
/// Redis do not hear each other.
pub(super) fn bus(database: u8) -> Str {
    match database {
        0 => Str::from_static("rookery:bus"),
        other => format!("rookery:bus:{other}").into(),
    }
}

/// Hash: life of a node → its state, as `lease.lua` says.
pub(super) const LEASES: &str = "rookery:leases";
/// String: the time of the last transition of presence, as `presence.lua` says.
pub(super) const PRESENCE_TIME: &str = "rookery:presence:time";

/// String: the word that epochs begin with, and which Redis it belongs to ([`super::term`]).
pub(super) const TERM: &str = "rookery:term";

/// Hashes: `room\0user\0nonce` → `seq-ts`. They take turns: the one of this turn
/// is written to, the other is that of the turn before. All rooms share them,
/// so that the nonces of a call are looked up at once.
pub(super) const NONCES: [&str; 2] = ["rookery:nonces:even", "rookery:nonces:odd"];
/// String: the number of the turn, how long it has lasted, and when that was seen, in milliseconds.
pub(super) const NONCES_TURN: &str = "rookery:nonces:turn";

/// String: what is known of the room and its log, as `room.lua` says.
pub(super) fn head(room: &RoomId) -> String {
    format!("rookery:{{{room}}}:head")
}

/// Stream: the events, with the ids `seq-ts`. An entry has one field, named by
/// the letter of the kind ([`super::kind::letter`]), with the JSON fields that
/// are the event's own ([`rookery_protocol::EventBody`]), and a field `x` with
/// the time of its end where it has one.
pub(super) fn log(room: &RoomId) -> String {
    format!("rookery:{{{room}}}:log")
}

/// Hash: user → the lives of nodes that have them, and the user as JSON.
pub(super) fn online(room: &RoomId) -> String {
    format!("rookery:{{{room}}}:online")
}

/// Set: the users of the room that one life of a node has.
pub(super) fn online_of_life(room: &RoomId, life: &str) -> String {
    format!("rookery:{{{room}}}:online:{life}")
}

/// Set: the rooms in which one life of a node has users.
pub(super) fn rooms_of_life(life: &str) -> String {
    format!("rookery:life:{life}:rooms")
}

/// Hash: room → up to which event the user has looked.
pub(super) fn rooms_of_user(user: &UserId) -> String {
    format!("rookery:user:{user}:rooms")
}

/// String, gone after some seconds: a node writes it to see that it can.
pub(super) fn probe(node: &ServerId) -> String {
    format!("rookery:node:{node}:probe")
}

/// String: when all rooms that the user has made are paid off, in milliseconds; see `join.lua`.
pub(super) fn made_by_user(user: &UserId) -> String {
    format!("rookery:user:{user}:made")
}
