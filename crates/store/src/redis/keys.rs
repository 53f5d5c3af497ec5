//! Every key and channel of Redis that Rookery uses, spelled here and nowhere else.
//!
//! All keys of a room share the hash tag `{room}`, so that they are on one
//! node of a Redis cluster.

use rookery_protocol::{RoomId, ServerId, UserId};

/// The channel that all nodes share.
pub(super) const BUS: &str = "rookery:bus";
/// Sorted set: node → when its lease ends, in milliseconds.
pub(super) const NODES: &str = "rookery:nodes";

/// Hash: what is known of the room and its log.
pub(super) fn meta(room: &RoomId) -> String {
    format!("rookery:{{{room}}}:meta")
}

/// Stream: the events, with the ids `seq-0`. An entry has one field, named by
/// the letter of the kind ([`super::kind::letter`]), with the event's JSON,
/// and a field `x` with the time of its end where it has one.
pub(super) fn log(room: &RoomId) -> String {
    format!("rookery:{{{room}}}:log")
}

/// Hash: `user\0nonce` → `seq ts`, one of two that take turns.
pub(super) fn nonces(room: &RoomId, slot: u8) -> String {
    format!("rookery:{{{room}}}:nonce:{slot}")
}

/// Hash: user → the nodes that have them, and the user as JSON.
pub(super) fn online(room: &RoomId) -> String {
    format!("rookery:{{{room}}}:online")
}

/// Set: the users of the room that one node has.
pub(super) fn online_of_node(room: &RoomId, node: &ServerId) -> String {
    format!("rookery:{{{room}}}:online:{node}")
}

/// Set: the rooms in which one node has users.
pub(super) fn rooms_of_node(node: &ServerId) -> String {
    format!("rookery:node:{node}:rooms")
}

/// String: who takes a dead node's users away just now.
pub(super) fn sweeper_of_node(node: &ServerId) -> String {
    format!("rookery:node:{node}:sweeper")
}

/// Hash: room → up to which event the user has looked.
pub(super) fn rooms_of_user(user: &UserId) -> String {
    format!("rookery:user:{user}:rooms")
}

/// String: written and taken away by the check whether Redis can be written to.
pub(super) fn check(node: &ServerId) -> String {
    format!("rookery:check:{node}")
}
