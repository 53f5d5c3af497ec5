//! The bytes of RFC 6455: writing finished frames and reading the frames of a
//! peer out of a buffer that is shared by many connections.
//!
//! Nothing here allocates for a connection that has no incomplete frame.

mod header;
mod incoming;
mod pieces;
mod reader;
mod writer;

pub use incoming::{Incoming, ReadError, TooLarge};
pub use reader::{Frames, MOST_PASSED_OVER, Reader};
pub use writer::{close, close_back, payload_of, ping, pong, text, text_begun, text_of};
