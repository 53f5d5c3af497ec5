//! What goes into the store and what comes out of it.

use bytes::Bytes;
use rookery_protocol::{
    Cursor, Epoch, Event, EventBody, Nonce, RoomId, ServerId, User, UserId, edit,
    server_frame::RoomKind,
};

use crate::Forks;

/// An event to be stored and published.
#[derive(Debug, Clone)]
pub struct Append {
    /// The room.
    pub room: RoomId,
    /// Whose event it is; a nonce belongs to its user.
    pub user: UserId,
    /// The client's own id of the event.
    pub nonce: Option<Nonce>,
    /// What happened.
    pub body: EventBody,
    /// The last event of this room that this node has seen, if it follows the
    /// room. A log found behind it was rolled back and gets a new epoch, whose
    /// first number is the one after this; a log that is gone is made anew.
    /// Where Redis may have lost the end of the log, it gets one in any case.
    pub known: Option<Cursor>,
    /// What an earlier message of the room becomes in the same step.
    pub overwrite: Option<Overwrite>,
}

impl Append {
    /// The event as it is told.
    pub(crate) fn told(&self) -> EventBody {
        let EventBody { kind, fields } = &self.body;
        let fields = match &self.overwrite {
            Some(Overwrite {
                with: Replacement::Text(text),
                ..
            }) => edit::with_text(fields, text),
            _ => fields.clone(),
        };
        EventBody {
            kind: *kind,
            fields,
        }
    }
}

/// What becomes of an earlier message. Nothing is left of what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overwrite {
    /// Its number.
    pub seq: u64,
    /// What it is from now on.
    pub with: Replacement,
}

/// What a message is from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replacement {
    /// The same with another text, a JSON string, and with the time of that. Whose event it is
    /// must have written it. The text is told with the event and not kept with it: whoever
    /// reads the event later gets the text that the message has then, if it is still there.
    Text(Bytes),
    /// No visible message any more: pages leave it out, nobody counts it, and whoever
    /// catches up gets, in its place, who wrote it and that it is deleted. Whose event it is
    /// must have written it, or be an admin there. Of one that is deleted already nothing is
    /// stored, and the answer is that of its deletion.
    Deletion,
}

/// An event that is stored and published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The life of the log that it is in.
    pub epoch: Epoch,
    /// Its number.
    pub seq: u64,
    /// When it was stored, by the store's clock, in milliseconds since the Unix epoch.
    pub ts: u64,
    /// The finished event; `None` where the nonce was seen before and nothing
    /// was stored (`seq` and `ts` are those of the first time).
    pub event: Option<Event>,
}

/// A user who comes into a room.
#[derive(Debug, Clone)]
pub struct Join {
    /// The room.
    pub room: RoomId,
    /// Who comes.
    pub user: UserId,
    /// Where the client left off.
    pub since: Option<Cursor>,
    /// How many messages are wanted where the cursor cannot be served.
    pub limit: u32,
    /// At most how many events are caught up after the cursor; 0 is no limit.
    pub catch_up: u64,
    /// Whether a public room is made where there is none.
    pub create: bool,
    /// As in [`Append::known`].
    pub known: Option<Cursor>,
}

/// A room at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// Who may come in.
    pub kind: RoomKind,
    /// Whether whoever writes there has to be looked at.
    pub guarded: bool,
    /// What people call it.
    pub name: String,
    /// The end of its log.
    pub head: Cursor,
    /// What the log shares with epochs before its own.
    pub forks: Forks,
    /// How long its messages live, in milliseconds.
    pub ttl_ms: Option<u64>,
    /// The messages that are pinned, in the order in which they were.
    pub pins: Vec<u64>,
    /// What the client is told.
    pub recovery: Recovery,
}

/// What brings a joining client to the head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recovery {
    /// Exactly the events after its cursor, raw and in order. The cursor may be
    /// of another epoch than the head, with which the log shares everything up to it.
    Events(Vec<Event>),
    /// The latest messages as they are now, ascending; its cursor was not given or cannot be served whole.
    Messages(Vec<Event>),
}

/// The events after a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// The end of the log, which may be of another epoch than what was asked for.
    pub head: Cursor,
    /// What the log shares with epochs before its own.
    pub forks: Forks,
    /// The events after the asked number, ascending, without holes and at most
    /// as many as wanted; empty where the first of them is not there any more
    /// (trimmed or expired) or what is before it is not what the asked epoch had.
    pub events: Vec<Event>,
}

/// A page of messages as they are now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// The life of the log: the numbers of the messages are of this.
    pub epoch: Epoch,
    /// Ascending.
    pub messages: Vec<Event>,
    /// Whether there are more on the side that was read towards.
    pub more: bool,
}

/// A user of this node coming into or going out of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresenceChange {
    /// The room.
    pub room: RoomId,
    /// Who.
    pub user: User,
    /// Whether they are there now.
    pub online: bool,
}

/// Who is in a room, on any node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Online {
    /// At most [`Online::MOST_USERS`] of them.
    pub users: Vec<User>,
    /// How many there are.
    pub count: u64,
    /// When this was so, by the time of presence. A presence event that is not
    /// younger says nothing new.
    pub at: u64,
}

impl Online {
    /// In a room with more people than this only their number is told.
    pub const MOST_USERS: usize = 200;
}

/// What became of the node's lease when it was renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lease {
    /// It was still running.
    Kept,
    /// It is a new one: it is the first, or the store may have lost or taken away
    /// something of what was entered under the last. Whatever presence this node
    /// has is to be entered.
    Fresh,
}

/// A node that is no more, and whose users were taken out of all rooms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoneNode {
    /// Which one.
    pub node: ServerId,
    /// Whether it said that it ends; else it died without a word.
    pub stopped: bool,
    /// How many users were taken out of rooms, each once for each room.
    pub taken: u64,
}

/// Where a reader of a partition's feed is. Only the store knows what it says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FeedCursor(pub(crate) FeedPlace);

/// A time in milliseconds since the Unix epoch, and a number within it.
pub(crate) type FeedPlace = (u64, u64);

impl FeedCursor {
    /// The place of a moment, in milliseconds since the Unix epoch: what happened later
    /// comes after it.
    pub fn at(time_ms: u64) -> Self {
        Self((time_ms, 0))
    }
}

impl std::fmt::Display for FeedCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.0.0, self.0.1)
    }
}

impl std::str::FromStr for FeedCursor {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (time, number) = text.split_once('-').unwrap_or((text, "0"));
        Ok(Self((time.parse()?, number.parse()?)))
    }
}

/// A part of what happened in the rooms of a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// In order. A number may come again, and none is left out.
    pub grown: Vec<Grown>,
    /// Where to go on.
    pub next: FeedCursor,
}

/// A room grew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grown {
    /// The room.
    pub room: RoomId,
    /// The number of the first event; where the reader had fallen so far behind that this is
    /// not known any more, that of the first which is still there.
    pub first: u64,
    /// The number of the last.
    pub last: u64,
}

/// A room as operators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomFigures {
    /// The end of its log.
    pub head: Cursor,
    /// How many messages can be seen.
    pub messages: u64,
    /// How many users are there now, on any node.
    pub online: u64,
    /// When something happened last, in milliseconds since the Unix epoch.
    pub last_event_ms: u64,
    /// What it takes in memory, in bytes, about.
    pub bytes: u64,
}

/// A sign of life of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pong {
    /// How long it took.
    pub round_trip: std::time::Duration,
    /// The store's clock, read in between: milliseconds since the Unix epoch.
    pub time_ms: u64,
}
