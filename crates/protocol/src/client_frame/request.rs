//! Requests: commands that belong to no connection, so that a socket and a route of
//! HTTP take them alike.
//!
//! The fields of each are one struct, read from one JSON object, whatever brought it.

use serde::Deserialize;

use super::{of_message::*, oneself::*, said::said};
use crate::{InviteCode, Role, RoomId, UserId, server_frame::RoomKind};

/// Declares the closed set of requests: those that only read and those that change
/// something, by the `type` of their frame.
macro_rules! requests {
    (
        reads { $($reads:literal => $reading:ident),* $(,)? }
        changes { $($changes:literal => $changing:ident),* $(,)? }
    ) => {
        /// A command that belongs to no connection, with what is asked.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Request {
            $(#[doc = concat!("`", $reads, "`")] $reading($reading),)*
            $(#[doc = concat!("`", $changes, "`")] $changing($changing),)*
        }

        impl Request {
            /// The names of all of them, as the `type` of a frame has them.
            pub const NAMES: &'static [&'static str] = &[$($reads,)* $($changes,)*];

            /// Its place among [`Self::NAMES`].
            pub fn place(&self) -> usize {
                let name = self.name();
                // Each name is one of them.
                Self::NAMES.iter().position(|other| *other == name).unwrap_or(0)
            }

            /// The `type` of its frame.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$reading(_) => $reads,)*
                    $(Self::$changing(_) => $changes,)*
                }
            }

            /// Whether it changes nothing: without an answer it is of no use.
            pub fn only_reads(&self) -> bool {
                match self {
                    $(Self::$reading(_) => true,)*
                    $(Self::$changing(_) => false,)*
                }
            }

            /// Reads the fields of a request of this name; `None` where there is none.
            pub(super) fn read(name: &str, json: &str) -> Option<Result<Self, serde_json::Error>> {
                Some(match name {
                    $($reads => serde_json::from_str(json).map(Self::$reading),)*
                    $($changes => serde_json::from_str(json).map(Self::$changing),)*
                    _ => return None,
                })
            }
        }
    };
}

requests! {
    reads {
        "message" => OneMessage,
        "reactors" => Reactors,
        "pins" => Pins,
        "members" => Members,
        "bans" => Bans,
        "mutes" => Mutes,
        "invites" => Invites,
        "directory" => Directory,
        "my_rooms" => MyRooms,
        "sessions" => Sessions,
        "me" => Me,
        "users" => Users,
        "user" => OneUser,
        "blocks" => Blocks,
        "presence_of" => PresenceOf,
    }
    changes {
        "edit" => Edit,
        "delete" => Delete,
        "react" => React,
        "pin" => Pin,
        "unpin" => Unpin,
        "create_room" => CreateRoom,
        "open_direct" => OpenDirect,
        "update_room" => UpdateRoom,
        "delete_room" => DeleteRoom,
        "leave" => LeaveRoom,
        "invite" => Invite,
        "create_invite" => CreateInvite,
        "revoke_invite" => RevokeInvite,
        "accept_invite" => AcceptInvite,
        "set_role" => SetRole,
        "remove" => Remove,
        "ban" => Ban,
        "unban" => Unban,
        "mute" => Mute,
        "unmute" => Unmute,
        "revoke_session" => RevokeSession,
        "update_me" => UpdateMe,
        "delete_me" => DeleteMe,
        "block" => Block,
        "unblock" => Unblock,
    }
}

/// A part of a room's members.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Members {
    /// The room.
    pub room: RoomId,
    /// Only those with this role.
    pub role: Option<Role>,
    /// What an answer gave as its `next`.
    pub after: Option<String>,
    /// At most how many.
    pub limit: Option<u32>,
}

/// Who is banned.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Bans {
    /// The room.
    pub room: RoomId,
}

/// Who is muted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Mutes {
    /// The room.
    pub room: RoomId,
}

/// A room that nobody has made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CreateRoom {
    /// Who may come in.
    pub kind: RoomKind,
    /// What people call it.
    pub name: Option<String>,
    /// Its id; one is made up where it is not said.
    pub room: Option<RoomId>,
    /// A few words on it.
    pub description: Option<String>,
    /// Who is in it from the beginning, beside its maker.
    #[serde(default)]
    pub members: Vec<UserId>,
    /// How long its messages live, in milliseconds.
    pub ttl_ms: Option<u64>,
}

/// The room of two people.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct OpenDirect {
    /// The other one.
    pub user: UserId,
}

/// What of a room is to be otherwise; what is not said stays.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct UpdateRoom {
    /// The room.
    pub room: RoomId,
    /// What people call it.
    pub name: Option<String>,
    /// A few words on it; none where it is `null` or empty.
    #[serde(default, deserialize_with = "said")]
    pub description: Option<Option<String>>,
    /// How long its messages live, in milliseconds.
    pub ttl_ms: Option<u64>,
    /// How long everybody waits between two messages, in milliseconds; 0 is not at all.
    pub slow_mode_ms: Option<u64>,
    /// Who writes.
    pub who_may_send: Option<WhoMay>,
    /// Who brings people in.
    pub who_may_invite: Option<WhoMay>,
    /// Whether nobody writes any more.
    pub archived: Option<bool>,
}

/// Whether all members may do something, or admins alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhoMay {
    /// Everybody whose role allows it.
    All,
    /// Admins and owners.
    Admins,
}

/// A room that is to be gone.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DeleteRoom {
    /// The room.
    pub room: RoomId,
}

/// A room that somebody wants to be a member of no more.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LeaveRoom {
    /// The room.
    pub room: RoomId,
}

/// People who become members at once.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Invite {
    /// The room.
    pub room: RoomId,
    /// Who.
    pub users: Vec<UserId>,
}

/// An invitation that whoever has its code may accept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CreateInvite {
    /// The room.
    pub room: RoomId,
    /// For how long it is good, in milliseconds.
    pub expires_ms: Option<u64>,
    /// How many may come in by it; as many as want to where it is not said.
    pub uses: Option<u32>,
}

/// A part of the rooms of whoever asks.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct MyRooms {
    /// What an answer gave as its `next`.
    pub after: Option<String>,
    /// At most how many.
    pub limit: Option<u32>,
}

/// A part of the public rooms.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Directory {
    /// What is in their names or ids; all where it is not said.
    pub q: Option<String>,
    /// What an answer gave as its `next`.
    pub after: Option<String>,
    /// At most how many.
    pub limit: Option<u32>,
}

/// The invitations that are good.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Invites {
    /// The room.
    pub room: RoomId,
}

/// An invitation that is to be good no more.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RevokeInvite {
    /// The room.
    pub room: RoomId,
    /// Its code.
    pub code: InviteCode,
}

/// An invitation that somebody comes in by.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AcceptInvite {
    /// Its code.
    pub code: InviteCode,
}

/// What a member is from now on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SetRole {
    /// The room.
    pub room: RoomId,
    /// Who.
    pub user: UserId,
    /// What.
    pub role: Role,
}

/// Somebody who is to be a member no more.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Remove {
    /// The room.
    pub room: RoomId,
    /// Who.
    pub user: UserId,
}

/// Somebody who is to be kept out.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Ban {
    /// The room.
    pub room: RoomId,
    /// Who.
    pub user: UserId,
    /// For how long, in milliseconds; for good where it is not said.
    pub for_ms: Option<u64>,
    /// Why, for those who keep order.
    pub reason: Option<String>,
    /// Messages of theirs of the last so many milliseconds go as well.
    pub delete_since: Option<u64>,
}

/// Somebody who is to be kept out no more.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Unban {
    /// The room.
    pub room: RoomId,
    /// Who.
    pub user: UserId,
}

/// Somebody who is to be kept from writing.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Mute {
    /// The room.
    pub room: RoomId,
    /// Who.
    pub user: UserId,
    /// For how long, in milliseconds; for good where it is not said.
    pub for_ms: Option<u64>,
}

/// Somebody who may write again.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Unmute {
    /// The room.
    pub room: RoomId,
    /// Who.
    pub user: UserId,
}
