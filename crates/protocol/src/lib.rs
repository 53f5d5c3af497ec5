//! What a client and a node, and the nodes among each other, say.
//!
//! Ids, frames, errors, close codes, the events of a room, the envelope of the
//! shared channel and the framing of WebSocket bytes. Everything here is pure:
//! bytes in, values out. It must never know of sockets, Redis or a runtime.

pub mod client_frame;
pub mod close;
pub mod cursor;
pub mod encode;
pub mod envelope;
pub mod error;
pub mod event;
pub mod id;
pub mod server_frame;
pub mod text;
pub mod user;
pub mod websocket;

pub use client_frame::{ClientFrame, Command, FrameError};
pub use close::CloseCode;
pub use cursor::Cursor;
pub use envelope::Envelope;
pub use error::ErrorCode;
pub use event::{Event, EventBody, EventKind};
pub use id::{Epoch, IdError, Nonce, RequestId, RoomId, ServerId, SessionId, UserId};
pub use user::User;

/// The version of the native protocol that this crate speaks.
pub const VERSION: u32 = 1;
