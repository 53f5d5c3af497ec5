//! Why a command is not carried out, as whoever asked is told.

use rookery_protocol::{ErrorCode, RoomId};
use rookery_store::StoreError;

/// When a refused command is worth trying again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// In so many milliseconds: this client alone is meant.
    AfterMs(u64),
    /// In a while. Others are refused for the same reason, so each is to come at
    /// a time of its own.
    Spread,
}

/// Why a command is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What kind of reason it is.
    pub code: ErrorCode,
    /// The reason in words that say what to do.
    pub message: String,
    /// When it is worth trying again; `None` where that would not help.
    pub retry: Option<Retry>,
    /// What is for the log and not for the client: a fault that somebody has to mend.
    fault: Option<String>,
}

impl Refusal {
    /// One that trying again does not change.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            retry: None,
            fault: None,
        }
    }

    /// One that is worth trying again.
    pub fn for_now(code: ErrorCode, message: impl Into<String>, retry: Retry) -> Self {
        Self {
            retry: Some(retry),
            ..Self::new(code, message)
        }
    }

    /// Nobody has made the room.
    pub(crate) fn no_such_room(room: &RoomId) -> Self {
        let message = format!("no such room: {room}; a join can make it where that is allowed");
        Self::new(ErrorCode::NotFound, message)
    }

    /// The command is for those who have joined the room.
    pub(crate) fn not_joined(room: &RoomId) -> Self {
        Self::new(ErrorCode::Forbidden, format!("join {room} first"))
    }

    /// Whether there is a fault behind it that somebody has to mend.
    pub fn is_fault(&self) -> bool {
        self.fault.is_some()
    }

    /// Writes the fault behind it, if there is one, into the log. To be called
    /// once, where the refusal is answered.
    pub fn log_fault(&self) {
        if let Some(fault) = &self.fault {
            tracing::error!(fault, "a command could not be carried out");
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NoSuchMessage { room, seq } => Self::new(
                ErrorCode::NotFound,
                format!("there is no message {seq} in {room}"),
            ),
            StoreError::NoSuchRoom(room) => Self::no_such_room(&room),
            StoreError::TooManyRooms { most, .. } => Self::new(
                ErrorCode::Conflict,
                format!(
                    "you are a member of {most} rooms and may not be of more (limits.rooms_per_user); leave one first"
                ),
            ),
            StoreError::TooManyRoomsMade {
                per_hour,
                retry_after_ms,
                ..
            } => Self::for_now(
                ErrorCode::RateLimited,
                format!(
                    "you have made {per_hour} rooms within an hour and may not make more just now (limits.rooms_made_per_hour)"
                ),
                Retry::AfterMs(retry_after_ms),
            ),
            StoreError::Unavailable(_) | StoreError::NoLease => Self::for_now(
                ErrorCode::Unavailable,
                "the store cannot be reached just now; sending again with the same nonce is safe",
                Retry::Spread,
            ),
            StoreError::ReadOnly(_) => Self::for_now(
                ErrorCode::Unavailable,
                "the store refuses to write just now; whoever runs this server has been told why. Sending again later with the same nonce is safe",
                Retry::Spread,
            ),
            StoreError::Broken(words) => Self {
                fault: Some(words),
                ..Self::new(
                    ErrorCode::Internal,
                    "the node could not do that; its log says why",
                )
            },
        }
    }
}
