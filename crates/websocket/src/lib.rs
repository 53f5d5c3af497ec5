//! The bytes of RFC 6455: writing finished frames and reading the frames of a
//! peer out of a buffer that is shared by many connections.
//!
//! Everything here is pure: bytes in, values out. Nothing allocates for a
//! connection that has no incomplete frame, and nothing knows what a text says.

mod close_code;
mod header;
mod incoming;
mod pieces;
mod reader;
mod writer;

pub use close_code::may_be_sent;
pub use incoming::{Incoming, ReadError, TooLarge};
pub use reader::{Frames, MOST_PASSED_OVER, Reader};
pub use writer::{close, close_back, ping, pong, text, text_begun};
