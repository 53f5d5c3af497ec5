//! What can go wrong at the border of the store.

use rookery_protocol::{RoomId, UserId};

use crate::Denied;

/// Why the store did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// Redis cannot be reached, or did not answer in time. Whether a write was
    /// carried out is not known; asking again with the same nonce is safe.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// Redis answers, but refuses to write for as long as its trouble lasts: its
    /// memory is full, its disk fails, it is a replica or lacks replicas. Nothing
    /// was written; what is read is good. The words are ours, then its own.
    #[error("the store refuses to write: {0}")]
    ReadOnly(String),
    /// Nobody has made this room, and this call may not make it.
    #[error("no such room: {0}")]
    NoSuchRoom(RoomId),
    /// What is to be overwritten is not there: it was never written, is no message, or
    /// is expired, trimmed or deleted. Nothing was stored.
    #[error("no message {seq} in {room}")]
    NoSuchMessage {
        /// The room.
        room: RoomId,
        /// The number that was named.
        seq: u64,
    },
    /// The room is there already.
    #[error("{0} is there already")]
    RoomExists(RoomId),
    /// Somebody may not do that in the room, or it cannot be done there. Nothing was changed.
    #[error("{denied} ({room})")]
    Denied {
        /// The room.
        room: RoomId,
        /// Why.
        denied: Denied,
    },
    /// The user is a member of as many rooms as they may be.
    #[error("{user} is a member of {most} rooms and may not be of more")]
    TooManyRooms {
        /// Whose limit it is.
        user: UserId,
        /// Of how many they may be.
        most: u64,
    },
    /// The user has made as many rooms as they may for now.
    #[error("{user} has made {per_hour} rooms in an hour and may not make more")]
    TooManyRoomsMade {
        /// Whose limit it is.
        user: UserId,
        /// How many they may make in an hour.
        per_hour: u64,
        /// When they may make the next one, in milliseconds from now.
        retry_after_ms: u64,
    },
    /// The name is somebody's, or was until lately.
    #[error("the name is taken")]
    NameTaken,
    /// The user has an account, or had one.
    #[error("{0} has an account already")]
    AccountExists(UserId),
    /// The user has no account, or it is not what it was.
    #[error("{0} has no account")]
    NoAccount(UserId),
    /// The store does not know this node, or has lost something of what it was
    /// told by it: the lease has to be renewed first.
    #[error("this node has no lease; it has to be renewed")]
    NoLease,
    /// What Redis answered makes no sense, or it refuses what it should allow.
    #[error("the store is broken: {0}")]
    Broken(String),
}

impl StoreError {
    /// Whether it passes by itself or by what an operator does, so that asking
    /// again later makes sense.
    pub fn is_for_now(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::ReadOnly(_))
    }
}

impl StoreError {
    /// Whose limit was met, where it is that of one user: others may be served.
    pub fn limited_user(&self) -> Option<&UserId> {
        match self {
            Self::TooManyRooms { user, .. } | Self::TooManyRoomsMade { user, .. } => Some(user),
            _ => None,
        }
    }
}
