//! What a worker is told to do.

use std::time::Duration;

use bytes::Bytes;
use rookery_protocol::{CloseCode, RoomId, SessionId, UserId};

use super::{ConnectionKey, JoinReply, WireNumber};

/// One thing to do, in the order given.
#[derive(Debug)]
pub enum Instruction {
    /// Hand finished bytes to all members of a room that are on this wire.
    Deliver {
        /// The room.
        room: RoomId,
        /// Whose bytes these are.
        wire: WireNumber,
        /// One push or several.
        bytes: Bytes,
        /// Whether slow readers may be spared it.
        ephemeral: bool,
    },
    /// Write the reply, if there is to be one, and the events missed since to
    /// a connection, and make it a member.
    Attach {
        /// The room.
        room: RoomId,
        /// Who comes in.
        connection: ConnectionKey,
        /// What is answered to its `join`; `None` where that wants no answer.
        reply: Option<Box<JoinReply>>,
        /// Pushes of its wire.
        missed: Bytes,
    },
    /// Make a connection no member any more.
    Detach {
        /// The room.
        room: RoomId,
        /// Who goes.
        connection: ConnectionKey,
    },
    /// Make all connections of a user on this worker no members any more, nor those that are
    /// just coming in.
    Evict {
        /// The room.
        room: RoomId,
        /// Who goes.
        user: UserId,
    },
    /// A user left a room, of which its log says nothing: the same of their connections that
    /// are in it, unless they have come back.
    Left {
        /// The room.
        room: RoomId,
        /// Who.
        user: UserId,
    },
    /// The same of everybody who is in the room.
    EvictAll {
        /// The room.
        room: RoomId,
    },
    /// Write bytes to a connection that it asked for, behind whatever comes of
    /// the instructions before.
    Answer {
        /// Whose answer it is.
        connection: ConnectionKey,
        /// As its wire has it.
        bytes: Bytes,
    },
    /// Tell the members of a room that it goes on in another epoch; those who
    /// would not follow are closed with "out of sync".
    Epoch {
        /// The room.
        room: RoomId,
        /// Whose bytes these are.
        wire: WireNumber,
        /// The push.
        bytes: Bytes,
    },
    /// Close all members of a room with "out of sync".
    OutOfSync {
        /// The room.
        room: RoomId,
    },
    /// Close a connection.
    Close {
        /// Which.
        connection: ConnectionKey,
        /// Only where it has this session.
        session: Option<SessionId>,
        /// Why.
        code: CloseCode,
    },
    /// Send everybody away, spread over this time.
    Drain {
        /// In milliseconds.
        spread_ms: u64,
    },
    /// Send one in so many of those away who were not told to go yet.
    SendAway {
        /// One in so many.
        one_in: u32,
        /// Over how long.
        spread: Duration,
    },
}
