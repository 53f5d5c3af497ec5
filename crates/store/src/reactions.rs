//! What people think of messages, and which messages are held up to everybody.
//!
//! A message says which reactions it has and how many of each; who gave them is kept beside it.
//! Both are changed in one step with the event that tells of it.

use rookery_protocol::{Cursor, Emoji, RoomId, User, UserId};

use crate::{Appended, Denied};

/// What several people think of a message from now on.
#[derive(Debug, Clone)]
pub struct React {
    /// The room.
    pub room: RoomId,
    /// The number of the message.
    pub target: u64,
    /// As in [`Append::known`](crate::Append::known).
    pub known: Option<Cursor>,
    /// Of whom and what; at least one, at most [`Self::MOST`].
    pub changes: Vec<ReactionChange>,
    /// How many different emoji a message may have.
    pub most_emoji: u64,
}

impl React {
    /// How many changes there may be.
    pub const MOST: usize = 1_000;

    /// For how long nothing is told of a message's reactions after something was, in milliseconds.
    pub const PAUSE_MS: u64 = 250;

    /// Of so many changes it is told whose they are; of more there are only the counts.
    pub const MOST_TOLD: usize = 50;
}

/// What one person thinks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReactionChange {
    /// Who.
    pub user: User,
    /// What.
    pub emoji: Emoji,
    /// Whether they think so, or do no more.
    pub on: bool,
}

/// What came of a [`React`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reacted {
    /// Something was told of that message a moment ago: nothing is done before so many
    /// milliseconds have gone by.
    Wait(u64),
    /// It is done.
    Done {
        /// The event that tells of it, where anything is otherwise.
        told: Option<Appended>,
        /// What came of each change.
        outcomes: Vec<Result<Reaction, Denied>>,
    },
}

/// How it stands with an emoji behind a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reaction {
    /// Whether it was otherwise before.
    pub changed: bool,
    /// How many think so.
    pub count: u64,
}

/// Who thinks so of a message.
#[derive(Debug, Clone)]
pub struct ReactorsAsked {
    /// The room.
    pub room: RoomId,
    /// Who asks; the room must not be hidden from them.
    pub reader: UserId,
    /// The number of the message.
    pub target: u64,
    /// What is thought.
    pub emoji: Emoji,
    /// Those after this one, by their ids.
    pub after: Option<UserId>,
    /// At most so many.
    pub limit: u32,
}

/// A part of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reactors {
    /// In the order of their ids.
    pub users: Vec<UserId>,
    /// Whether there are more.
    pub more: bool,
}

/// A message that is to be pinned, or to be so no more.
#[derive(Debug, Clone)]
pub struct Pin {
    /// The room.
    pub room: RoomId,
    /// Who wants it.
    pub by: User,
    /// The number of the message.
    pub target: u64,
    /// Whether it is to be pinned.
    pub on: bool,
    /// As in [`Append::known`](crate::Append::known).
    pub known: Option<Cursor>,
    /// How many pins the room may have.
    pub most: u64,
}

/// What a `pinned` event says of itself.
#[derive(Debug, serde::Serialize)]
struct Pinned<'a> {
    target: u64,
    by: &'a User,
    on: bool,
}

impl Pin {
    /// The event that tells of it.
    pub(crate) fn body(&self) -> rookery_protocol::EventBody {
        let Self { target, by, on, .. } = self;
        let pinned = Pinned {
            target: *target,
            by,
            on: *on,
        };
        rookery_protocol::EventBody::of(rookery_protocol::EventKind::Pinned, &pinned)
    }
}
