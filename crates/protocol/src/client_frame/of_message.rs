//! Requests that are about one message, or about those that are pinned.

use serde::Deserialize;

use crate::{Nonce, RoomId};

/// One message as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct OneMessage {
    /// The room.
    pub room: RoomId,
    /// Its number there.
    pub seq: u64,
}

/// A message that is to have another text.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Edit {
    /// The room.
    pub room: RoomId,
    /// Its number there.
    pub target: u64,
    /// What it says from now on.
    pub text: String,
    /// The client's own id of the edit.
    pub nonce: Option<Nonce>,
}

/// A message that is to be taken back.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Delete {
    /// The room.
    pub room: RoomId,
    /// Its number there.
    pub target: u64,
    /// The client's own id of the deletion.
    pub nonce: Option<Nonce>,
}

/// What somebody thinks of a message, or does no more.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct React {
    /// The room.
    pub room: RoomId,
    /// The number of the message.
    pub target: u64,
    /// An emoji, or a word between colons.
    pub emoji: String,
    /// Whether they think so.
    pub on: bool,
}

/// Who thinks so of a message.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Reactors {
    /// The room.
    pub room: RoomId,
    /// The number of the message.
    pub target: u64,
    /// An emoji, or a word between colons.
    pub emoji: String,
    /// What an answer gave as its `next`.
    pub after: Option<String>,
    /// At most how many.
    pub limit: Option<u32>,
}

/// A message that is to be held up to everybody.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Pin {
    /// The room.
    pub room: RoomId,
    /// The number of the message.
    pub target: u64,
}

/// One that is to be so no more.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Unpin {
    /// The room.
    pub room: RoomId,
    /// The number of the message.
    pub target: u64,
}

/// The messages that are.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Pins {
    /// The room.
    pub room: RoomId,
}
