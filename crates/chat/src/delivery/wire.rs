//! Wires: how what happens becomes the bytes that a client is written.
//!
//! The chat knows what happened; a wire knows how its clients are told. What many
//! are told is made once for each wire that somebody of them is on, and the same
//! bytes are shared by all of these. A wire decides nothing and waits for nothing.

use bytes::Bytes;
use rookery_protocol::Event;

/// What clients are told without having asked.
#[derive(Debug, Clone, Copy)]
pub enum Push<'a> {
    /// An event of the log.
    Event(&'a Event),
    /// Who came, went or was renamed, as JSON.
    Presence(&'a [u8]),
    /// Who writes, as JSON.
    Typing(&'a [u8]),
    /// The room goes on in another epoch, as JSON.
    Epoch(&'a [u8]),
    /// Up to where somebody has received or read, as JSON.
    Receipt(&'a [u8]),
    /// Something for one user, on whatever rooms their sessions follow, as JSON.
    ToUser(&'a [u8]),
}

impl<'a> Push<'a> {
    /// The JSON object as the native protocol has it.
    pub fn json(self) -> &'a [u8] {
        match self {
            Self::Event(event) => event.json(),
            Self::Presence(json)
            | Self::Typing(json)
            | Self::Epoch(json)
            | Self::Receipt(json)
            | Self::ToUser(json) => json,
        }
    }
}

/// One way in which clients are told things.
pub trait Wire: Send + Sync + 'static {
    /// The push, ready to be written to each of those who are told; pushes that
    /// follow each other are written one behind the other.
    fn push(&self, push: Push<'_>) -> Bytes;
}

/// Which of a node's wires, by their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WireNumber(pub u8);
