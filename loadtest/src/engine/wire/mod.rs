//! How each system is spoken to: what to say to come in and to send, and what
//! its frames mean. It never touches a socket and never counts anything.
//!
//! Everything that arrives is classed by a few comparisons; JSON is not parsed,
//! because a delivery must cost next to nothing.

mod layout;
mod plain;
mod rookery;
pub(super) mod scan;
mod socketio;
mod token;

use super::ids::{MessageNumber, RoomIndex};
use crate::dialect::Dialect;

pub(crate) use layout::Layouts;
pub(crate) use rookery::{Snapshot, retry_after_ms};

/// A dialect, with what is needed to speak it.
#[derive(Debug, Clone)]
pub(crate) enum Wire {
    /// Rookery's own protocol; the secret signs the tokens of the users.
    Rookery { secret: Vec<u8> },
    /// JSON on bare WebSockets.
    Plain,
    /// Socket.IO 4, over WebSocket alone.
    SocketIo,
}

/// What a text frame of a server means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Incoming<'a> {
    /// One of the generator's messages, delivered.
    Message {
        number: MessageNumber,
        room: &'a [u8],
        /// Its number in the room, where the system gives one.
        seq: Option<u32>,
    },
    /// Another numbered event of a room.
    Event { room: &'a [u8], seq: u32 },
    /// A room goes on in another epoch, without a loss.
    Epoch { room: &'a [u8], epoch: &'a str },
    /// A message was stored.
    Acknowledged(MessageNumber),
    /// A message was refused.
    Refused {
        number: MessageNumber,
        why: &'a [u8],
    },
    /// The server is ready for the joins: say them now.
    Ready,
    /// The connection is in this room now.
    Joined {
        room: &'a [u8],
        snapshot: Option<Snapshot<'a>>,
    },
    /// The server refuses the connection or a room.
    TurnedAway(&'a [u8]),
    /// The connection ends soon; the client is to come back after so many milliseconds.
    ComeBack { after_ms: u32 },
    /// The server wants this answer.
    Answer(&'static [u8]),
    /// Nothing that is counted.
    Other,
}

/// What a joining connection says about a room.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Join<'a> {
    pub(crate) room: RoomIndex,
    /// The room's name on the wire.
    pub(crate) name: &'a str,
    pub(crate) user: &'a str,
    /// Where it was before: epoch and seq.
    pub(crate) since: Option<(&'a str, u32)>,
}

impl Wire {
    /// The wire of a dialect; the secret serves where users are authenticated.
    pub(crate) fn new(dialect: Dialect, secret: &str) -> Self {
        match dialect {
            Dialect::Rookery => Self::Rookery {
                secret: secret.into(),
            },
            Dialect::Plain => Self::Plain,
            Dialect::Socketio => Self::SocketIo,
        }
    }

    /// Which dialect this is.
    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::Rookery { .. } => Dialect::Rookery,
            Self::Plain => Dialect::Plain,
            Self::SocketIo => Dialect::Socketio,
        }
    }

    /// What signs the tokens of users; empty where there are none.
    pub(crate) fn secret(&self) -> &str {
        match self {
            Self::Rookery { secret } => str::from_utf8(secret).unwrap_or_default(),
            _ => "",
        }
    }

    /// The path of the upgrade request, where the target's URL has none.
    pub(crate) fn path(&self) -> &'static str {
        match self {
            Self::Rookery { .. } => "/ws",
            Self::Plain => "/",
            Self::SocketIo => "/socket.io/?EIO=4&transport=websocket",
        }
    }

    /// Whether every message is answered to its sender.
    pub(crate) fn acknowledges(&self) -> bool {
        matches!(self, Self::Rookery { .. })
    }

    /// Whether the server numbers the messages of a room.
    pub(crate) fn numbers(&self) -> bool {
        matches!(self, Self::Rookery { .. })
    }

    /// What to say as soon as the WebSocket stands, if anything; the joins go
    /// with it where `true` comes back, else after [`Incoming::Ready`].
    pub(crate) fn greet(&self, out: &mut Vec<u8>, user: &str) -> bool {
        match self {
            Self::Rookery { secret } => rookery::hello(out, secret, user),
            Self::Plain => {}
            Self::SocketIo => return false,
        }
        true
    }

    /// Writes the frame that joins a room.
    pub(crate) fn join(&self, out: &mut Vec<u8>, join: Join<'_>) {
        match self {
            Self::Rookery { .. } => rookery::join(out, join),
            Self::Plain => plain::join(out, join),
            Self::SocketIo => socketio::join(out, join),
        }
    }

    /// Writes the frame that sends a message.
    pub(crate) fn send(
        &self,
        out: &mut Vec<u8>,
        room: &str,
        number: MessageNumber,
        text_bytes: usize,
    ) {
        match self {
            Self::Rookery { .. } => rookery::send(out, room, number, text_bytes),
            Self::Plain => plain::send(out, room, number, text_bytes),
            Self::SocketIo => socketio::send(out, room, number, text_bytes),
        }
    }

    /// Classes a text frame.
    #[inline]
    pub(crate) fn read<'a>(&self, frame: &'a [u8], layouts: &mut Layouts) -> Incoming<'a> {
        match self {
            Self::Rookery { .. } => rookery::read(frame, layouts),
            Self::Plain => plain::read(frame, layouts),
            Self::SocketIo => socketio::read(frame),
        }
    }
}
