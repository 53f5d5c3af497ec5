//! The bytes of RFC 6455: writing finished frames and reading the frames of a
//! peer out of a buffer that is shared by many connections.
//!
//! Nothing here allocates for a connection that has no incomplete frame.

mod header;
mod reader;
mod writer;

pub use reader::{Frames, Incoming, ReadError, Reader};
pub use writer::{close, payload_of, ping, pong, text, text_begun, text_of};
