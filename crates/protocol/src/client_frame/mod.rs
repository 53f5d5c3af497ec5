//! The frames that clients send.
//!
//! One flat pass over the JSON, then a match on `type`. What is no frame at
//! all is told apart from a frame that asks for something wrong: the first
//! ends the connection, the second is answered with an error.

mod meta;
mod of_message;
mod oneself;
mod outline;
mod parse;
mod password;
mod request;
mod said;
#[cfg(test)]
mod tests;

pub use meta::Meta;
pub use of_message::*;
pub use oneself::*;
pub use parse::{parse, parse_message, parse_request};
pub use password::Password;
pub use request::*;

use crate::{Cursor, ErrorCode, Nonce, RequestId, RoomId};

/// A parsed frame: what is asked, and the id that its answer is to carry.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientFrame {
    /// The client's id of the frame; without one only errors are answered.
    pub id: Option<RequestId>,
    /// What is asked.
    pub command: Command,
}

/// What a client can ask for.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Who I am; the first frame of a connection.
    Hello {
        /// The JWT.
        token: String,
        /// The protocol version wanted, 1 where nothing is said.
        version: u32,
        /// A word about the client program, for the log.
        client: Option<String>,
        /// Whether the client follows a room into another epoch.
        epochs: bool,
    },
    /// Go on with another token of the same user.
    Renew {
        /// The JWT.
        token: String,
    },
    /// Become a member where the room allows it, and receive its events here.
    Join {
        /// The room.
        room: RoomId,
        /// Where the client left off.
        since: Option<Cursor>,
        /// How many messages of history are wanted.
        limit: Option<u32>,
    },
    /// Stop being a member and receiving.
    Leave {
        /// The room.
        room: RoomId,
    },
    /// Stop receiving, and stay a member.
    Unfollow {
        /// The room.
        room: RoomId,
    },
    /// Write a message.
    Send(SendCommand),
    /// Say that the user is or is no longer writing.
    Typing {
        /// The room.
        room: RoomId,
        /// Whether they are.
        on: bool,
    },
    /// Read messages that were.
    History {
        /// The room.
        room: RoomId,
        /// Which messages.
        page: HistoryPage,
        /// At most how many, 1 to 200.
        limit: u32,
    },
    /// What belongs to no connection.
    Request(Request),
    /// Answer with a `pong`.
    Ping,
    /// A command of the protocol that this version of the node does not serve yet.
    Unserved(&'static str),
}

/// A message to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct SendCommand {
    /// The room.
    pub room: RoomId,
    /// The text as it came, not yet checked.
    pub text: String,
    /// The client's own id of the message.
    pub nonce: Option<Nonce>,
    /// The message that this one answers.
    pub reply_to: Option<u64>,
    /// Whatever the application wants to go along.
    pub meta: Option<Meta>,
}

/// Which part of a room's past is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HistoryPage {
    /// The latest ones before this number.
    Before(u64),
    /// The first ones after this number.
    After(u64),
    /// Some on either side of this number, and the one itself.
    Around(u64),
}

/// The most messages of one `history` or `join`.
pub const MAX_PAGE: u32 = 200;
/// How many messages of history a `join` gives where it names no number.
pub const DEFAULT_PAGE: u32 = 50;

/// Why a frame was not understood.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FrameError {
    /// Not a JSON object with a textual `type`: the connection is to end with 4500.
    #[error("not a frame of this protocol: {0}")]
    NotAFrame(String),
    /// A frame whose content is wrong: to be answered, the connection goes on.
    #[error("{message}")]
    Refused {
        /// The id of the frame, where it had a readable one.
        id: Option<RequestId>,
        /// The code of the answer.
        code: ErrorCode,
        /// What is wrong, in words.
        message: String,
    },
}
