//! Why a command is not carried out, as whoever asked is told.

use rookery_protocol::{ErrorCode, RoomId, UserId};
use rookery_store::{Denied, StoreError};

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

    /// What was asked makes no sense.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::BadRequest, message)
    }

    /// A part of the protocol that is not served yet.
    pub(crate) fn not_served(what: &str) -> Self {
        Self::bad_request(format!("this node does not serve {what} yet"))
    }

    /// Nobody of that id was ever here.
    pub(crate) fn no_such_user(user: &UserId) -> Self {
        Self::new(ErrorCode::NotFound, format!("no such user: {user}"))
    }

    /// Whoever asks has no account here.
    pub(crate) fn no_account() -> Self {
        let message = "you have no account here: somebody else says who you are";
        Self::new(ErrorCode::Conflict, message)
    }

    /// A fault that somebody has to mend, in words for the log.
    pub(crate) fn fault(words: impl Into<String>) -> Self {
        Self {
            fault: Some(words.into()),
            ..Self::new(
                ErrorCode::Internal,
                "the node could not do that; its log says why",
            )
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

    fn denied(room: &RoomId, denied: Denied) -> Self {
        let words = match denied {
            // To them there is none.
            Denied::Hidden => return Self::no_such_room(room),
            Denied::NotAMember => return Self::not_joined(room),
            Denied::SlowMode { retry_after_ms } => {
                return Self::for_now(
                    ErrorCode::SlowMode,
                    format!("{room} is slow; wait {retry_after_ms} ms"),
                    Retry::AfterMs(retry_after_ms),
                );
            }
            Denied::LastOwner => {
                let message = format!(
                    "you are the last owner of {room} and others are there; make somebody else an owner first (set_role), or delete the room"
                );
                return Self::new(ErrorCode::Conflict, message);
            }
            Denied::OtherBanned => {
                let message =
                    format!("somebody among them is banned from {room}; unban them first");
                return Self::new(ErrorCode::Conflict, message);
            }
            Denied::TooManyRestraints => {
                let message = format!(
                    "{room} has as many bans and mutes as it may (limits.restraints_per_room); lift some first"
                );
                return Self::new(ErrorCode::Conflict, message);
            }
            Denied::NoSuchMember => {
                let message = format!("they are not a member of {room}");
                return Self::new(ErrorCode::NotFound, message);
            }
            Denied::NoSuchInvite => {
                let message = "there is no such invitation, or no longer";
                return Self::new(ErrorCode::NotFound, message);
            }
            Denied::TooManyInvites => {
                let message = format!(
                    "{room} has as many invitations as it may have (limits.invites_per_room); revoke one first, or wait until one is over"
                );
                return Self::new(ErrorCode::Conflict, message);
            }
            Denied::TooManyReactions => {
                let message = "that message has as many different reactions as it may have (limits.reactions_per_message); take one of those";
                return Self::new(ErrorCode::Conflict, message);
            }
            Denied::TooManyPins => {
                let message = format!(
                    "{room} has as many pins as it may have (limits.pins_per_room); unpin one first"
                );
                return Self::new(ErrorCode::Conflict, message);
            }
            Denied::Banned => format!("you are banned from {room}"),
            Denied::ReadOnly => format!("you may only read in {room}"),
            Denied::Muted => format!("you are muted in {room}"),
            // Two people cannot archive theirs.
            Denied::Archived if room.as_str().starts_with("dm:") => {
                "one of you has blocked the other".to_owned()
            }
            Denied::Archived => format!("{room} is archived: nobody writes there any more"),
            Denied::AdminsWrite => format!("only admins write in {room}"),
            Denied::Role => format!("your role in {room} does not allow that"),
            Denied::Outranked => format!("their role in {room} is not below yours"),
        };
        Self::new(ErrorCode::Forbidden, words)
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
            StoreError::RoomExists(room) => Self::new(
                ErrorCode::Conflict,
                format!("{room} is there already; take another id, or none"),
            ),
            StoreError::Denied { room, denied } => Self::denied(&room, denied),
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
            StoreError::NameTaken => Self::new(
                ErrorCode::Conflict,
                "somebody is called so, or was until lately; take another name",
            ),
            StoreError::AccountExists(_) => Self::new(
                ErrorCode::Conflict,
                "you have an account already, or had one; log in",
            ),
            StoreError::NoAccount(_) => Self::no_account(),
            StoreError::Broken(words) => Self::fault(words),
        }
    }
}
