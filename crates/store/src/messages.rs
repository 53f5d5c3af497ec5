//! The part of the interface that is about what is put beside messages.

use rookery_protocol::{Emoji, Event, RoomId, UserId};

use crate::{Appended, Pin, React, Reacted, Reactors, ReactorsAsked, Store, StoreError};

impl Store {
    /// Changes what people think of a message, and publishes what is told of it, in one step.
    /// An emoji that nobody uses any more goes; one that comes again is the last.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoSuchRoom`] and [`StoreError::NoSuchMessage`]; who may not is told so in the
    /// outcome of their change.
    pub async fn react(&self, react: &React) -> Result<Reacted, StoreError> {
        match self {
            Self::Embedded(engine) => engine.react(react).await,
            Self::Redis(engine) => engine.react(react).await,
        }
    }

    /// Who thinks so of a message.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoSuchRoom`], [`StoreError::NoSuchMessage`], and [`StoreError::Denied`] where
    /// the room is not for the reader.
    pub async fn reactors(&self, asked: &ReactorsAsked) -> Result<Reactors, StoreError> {
        match self {
            Self::Embedded(engine) => engine.reactors(asked),
            Self::Redis(engine) => engine.reactors(asked).await,
        }
    }

    /// Which of some reactions to messages of a room are a user's own, in the order asked.
    ///
    /// # Errors
    ///
    /// Only where the store cannot be reached.
    pub async fn own_reactions(
        &self,
        room: &RoomId,
        user: &UserId,
        asked: &[(u64, Emoji)],
    ) -> Result<Vec<bool>, StoreError> {
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        match self {
            Self::Embedded(engine) => engine.own_reactions(room, user, asked),
            Self::Redis(engine) => engine.own_reactions(room, user, asked).await,
        }
    }

    /// Pins a message or takes its pin away, and publishes what is told of it, in one step.
    /// `None` where it was so.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoSuchRoom`], [`StoreError::NoSuchMessage`], and [`StoreError::Denied`] for
    /// who keeps no order there, is muted, or where there are as many pins as may be.
    pub async fn pin(&self, pin: &Pin) -> Result<Option<Appended>, StoreError> {
        match self {
            Self::Embedded(engine) => engine.pin(pin).await,
            Self::Redis(engine) => engine.pin(pin).await,
        }
    }

    /// The messages that are pinned in a room, as they are now, in the order in which they were
    /// pinned.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoSuchRoom`], and [`StoreError::Denied`] where it is not for the reader.
    pub async fn pinned(&self, room: &RoomId, reader: &UserId) -> Result<Vec<Event>, StoreError> {
        match self {
            Self::Embedded(engine) => engine.pinned(room, reader).await,
            Self::Redis(engine) => engine.pinned(room, reader).await,
        }
    }
}
