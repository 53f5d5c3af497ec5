//! The frames that nodes send, as a client reads them.
//!
//! Nodes write the small ones with [`crate::encode`]; events of the log travel
//! as the bytes of [`crate::Event::json`] and are never built from these types.

use serde::{Deserialize, Serialize};

use crate::{
    Cursor, Epoch, ErrorCode, Nonce, RequestId, Role, RoomId, ServerId, SessionId, User,
    tail::ReactionCount,
};

/// Any frame of a node. Unknown types are kept apart, not refused: a later
/// node may say more than this crate knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame {
    /// The answer to `hello`.
    Welcome(Box<Welcome>),
    /// The answer to a command that was carried out.
    Ok(Box<OkFields>),
    /// The answer to a command that was refused.
    Error(ErrorFrame),
    /// The answer to `ping`.
    Pong(Pong),
    /// Somebody wrote.
    Message(Box<Message>),
    /// Somebody is or is no longer writing.
    Typing(Typing),
    /// Somebody came or went.
    Presence(Presence),
    /// A room's log goes on in another epoch.
    Epoch(NewEpoch),
    /// Something became of a room for this user.
    Room(RoomTold),
    /// The node is about to close this connection.
    Reconnect(Reconnect),
    /// The token of this connection is about to end.
    Expiring(Expiring),
    /// A frame of a type that this crate does not know.
    #[serde(other)]
    Unknown,
}

/// The answer to `hello`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Welcome {
    /// The id of the `hello`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<RequestId>,
    /// This connection.
    pub session: SessionId,
    /// The node that holds it.
    pub node: ServerId,
    /// Who the client is.
    pub user: User,
    /// The node's clock, in milliseconds since the Unix epoch.
    pub server_time: u64,
    /// How often the node pings, in milliseconds.
    pub heartbeat_ms: u64,
    /// What is the most of what.
    pub limits: Limits,
    /// The rooms that the user is a member of.
    pub rooms: Vec<RoomRow>,
}

/// What became of a room for a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoomNotice {
    /// They are a member of it now.
    Made,
    /// Something of it, or their role there, is otherwise.
    Changed,
    /// They left it, on whatever connection.
    Left,
    /// They were removed from it.
    Removed,
    /// They were banned from it.
    Banned,
    /// It is gone.
    Deleted,
}

/// What became of a room for the user, told to all their connections.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoomTold {
    /// The room.
    pub room: RoomId,
    /// What.
    pub change: RoomNotice,
}

/// The limits that a client can do something about; 0 means none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Characters of a text.
    pub text: u64,
    /// Bytes of a frame.
    pub frame: u64,
    /// Rooms that one connection may have joined.
    pub rooms: u64,
    /// Events that are caught up after a cursor.
    pub catch_up: u64,
}

/// Whether everybody may come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoomKind {
    /// Whoever knows the id may join.
    Public,
    /// Members only.
    Private,
    /// Two people.
    Direct,
}

impl RoomKind {
    /// The kind as it stands on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
            Self::Direct => "direct",
        }
    }
}

/// A room as its member sees it in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomRow {
    /// The room.
    pub room: RoomId,
    /// Who may come in.
    pub kind: RoomKind,
    /// What people call it.
    pub name: String,
    /// What the user is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// The number of its last event.
    pub seq: u64,
    /// Up to which event the user has looked.
    pub read: u64,
    /// How many events came after that.
    pub unread: u64,
    /// When something happened there last, in milliseconds since the Unix epoch.
    #[serde(default)]
    pub last_ts: u64,
}

/// The answer to a command that was carried out; which fields there are
/// depends on the command.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OkFields {
    /// The id of the command.
    pub id: Option<RequestId>,
    /// The number under which something was stored.
    pub seq: Option<u64>,
    /// When it was stored.
    pub ts: Option<u64>,
    /// Whether it had been stored before, by the same nonce.
    pub duplicate: Option<bool>,
    /// The room that was joined.
    pub room: Option<Snapshot>,
    /// A page of history, ascending.
    pub messages: Option<Vec<Message>>,
    /// Whether there is more beyond the page.
    pub more: Option<bool>,
    /// When the token that took the place of another ends.
    pub expires_at: Option<u64>,
}

/// A room at the moment of joining it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The room.
    pub room: RoomId,
    /// Who may come in.
    pub kind: RoomKind,
    /// What people call it.
    pub name: String,
    /// The life of its log.
    pub epoch: Epoch,
    /// The number of its last event.
    pub seq: u64,
    /// How long its messages live, where they do not live for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_ms: Option<u64>,
    /// Whether `events` is exactly what came after the cursor.
    pub recovered: bool,
    /// The messages that are pinned, in the order in which they were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pins: Vec<u64>,
    /// The raw events after the cursor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<ServerFrame>>,
    /// The latest messages as they are now, ascending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages: Option<Vec<Message>>,
    /// Who is here, at most 200.
    pub online: Vec<User>,
    /// How many are here.
    pub online_count: u64,
}

impl Snapshot {
    /// The place that this snapshot brings a client to.
    pub fn cursor(&self) -> Cursor {
        Cursor {
            epoch: self.epoch.clone(),
            seq: self.seq,
        }
    }
}

/// The answer to a command that was refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ErrorFrame {
    /// The id of the command, where it had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<RequestId>,
    /// Which kind of error.
    pub code: ErrorCode,
    /// What is wrong and what to do, in words.
    pub message: String,
    /// When trying again is worth it, in milliseconds from now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

/// The answer to `ping`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pong {
    /// The id of the `ping`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<RequestId>,
    /// The node's clock, in milliseconds since the Unix epoch.
    pub server_time: u64,
}

/// A message, in the log and live.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// The room.
    pub room: RoomId,
    /// Its number.
    pub seq: u64,
    /// When it was stored, in milliseconds since the Unix epoch.
    pub ts: u64,
    /// Who wrote it.
    pub from: User,
    /// What was written.
    #[serde(default)]
    pub text: String,
    /// The sender's own id of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<Nonce>,
    /// The message that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<u64>,
    /// Whatever the application sent along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<serde_json::Value>,
    /// When it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<u64>,
    /// When it was edited last, in milliseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<u64>,
    /// Whether it was taken back: then nothing is left but who wrote it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
    /// What people think of it, in the order of the first use.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<ReactionCount>,
    /// Whether it is held up to everybody.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pinned: bool,
}

/// A message got another text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Edited {
    /// The number of the message.
    pub target: u64,
    /// Who edited it.
    pub by: User,
    /// When, in milliseconds since the Unix epoch.
    pub ts: u64,
    /// What it says; nothing where it was deleted since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A message was taken back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Deleted {
    /// The number of the message.
    pub target: u64,
    /// Who took it back.
    pub by: User,
}

/// Somebody is or is no longer writing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Typing {
    /// The room.
    pub room: RoomId,
    /// Who.
    pub user: User,
    /// Whether they are.
    pub on: bool,
    /// After how many milliseconds to forget it if nothing more is heard.
    pub expires_ms: u64,
}

/// Whether somebody is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Here, on any node.
    Online,
    /// Gone from all nodes.
    Offline,
}

/// Somebody came or went; in a big room only how many are here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Presence {
    /// The room.
    pub room: RoomId,
    /// Who, but not in a big room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<User>,
    /// Which way, but not in a big room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// How many are here now.
    pub online_count: u64,
    /// Everybody who is here, where what was known of them may be wrong: whoever is
    /// not in it has gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub online: Option<Vec<User>>,
}

/// A room's log goes on in another epoch, and what the client was sent of it is
/// all in there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewEpoch {
    /// The room.
    pub room: RoomId,
    /// The life of its log from now on.
    pub epoch: Epoch,
    /// The number of the last event that the client was sent.
    pub seq: u64,
}

/// The token of this connection is about to end, and the connection with it, unless
/// it is renewed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Expiring {
    /// How long it is good for, in milliseconds.
    pub in_ms: u64,
}

/// The node is about to close this connection: come back then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reconnect {
    /// How long to wait before coming back, in milliseconds.
    pub after_ms: u64,
}
