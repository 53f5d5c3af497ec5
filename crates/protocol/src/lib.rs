//! What a client and a node, and the nodes among each other, say.
//!
//! Ids, frames, errors, close codes, the events of a room and the envelope of the
//! shared channel. Everything here is pure: bytes in, values out. It must never
//! know of sockets, of the framing of their bytes, of Redis or of a runtime.

pub mod bus_message;
pub mod client_frame;
pub mod close;
pub mod cursor;
pub mod edit;
pub mod encode;
pub mod envelope;
pub mod error;
pub mod event;
pub mod id;
pub mod login_id;
pub mod reacted;
pub mod role;
pub mod server_frame;
pub mod tail;
pub mod text;
pub mod tombstone;
pub mod user;

pub use bus_message::{BusMessage, Control};
pub use client_frame::{ClientFrame, Command, FrameError};
pub use close::CloseCode;
pub use cursor::Cursor;
pub use envelope::Envelope;
pub use error::ErrorCode;
pub use event::{Event, EventBody, EventKind};
pub use id::{
    Emoji, Epoch, IdError, InviteCode, Nonce, RequestId, RoomId, ServerId, SessionId, UserId,
};
pub use login_id::{LoginId, LoginIdError};
pub use role::Role;
pub use user::User;

/// The version of the native protocol that this crate speaks.
pub const VERSION: u32 = 1;
