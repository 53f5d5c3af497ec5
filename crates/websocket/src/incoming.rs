//! What comes of a client's bytes, and why they cannot be read on.

/// What came from a client.
#[derive(Debug, PartialEq, Eq)]
pub enum Incoming<'a> {
    /// A whole text message, put together if it came in fragments.
    Text(&'a str),
    /// A frame that leaves its message unfinished, or goes on with one that is
    /// passed over. There is nothing to answer.
    Fragment {
        /// Bytes of its payload, as announced.
        bytes: usize,
    },
    /// A message is larger than the limit. To be answered; its bytes are passed over.
    TooLarge {
        /// In words.
        error: TooLarge,
        /// Bytes of the frame's payload, as announced.
        bytes: usize,
    },
    /// To be answered with the same payload.
    Ping(&'a [u8]),
    /// The answer to a ping of ours.
    Pong,
    /// The client is leaving, with this code or with none.
    Close(Option<u16>),
}

/// A message is larger than the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a message of {announced} bytes was announced; at most {limit} are allowed (limits.frame_bytes)"
)]
pub struct TooLarge {
    /// What was announced, with the fragments before it.
    pub announced: usize,
    /// The limit.
    pub limit: usize,
}

/// Why the bytes cannot be read on; the connection is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// RFC 6455 is broken.
    #[error("WebSocket protocol error: {0}")]
    Protocol(&'static str),
    /// A message is so large that it is not even passed over.
    #[error(transparent)]
    TooLarge(TooLarge),
    /// A binary message, which the protocol has no use for.
    #[error("binary frames are not part of this protocol")]
    Binary,
    /// A text or the reason of a close frame that is no UTF-8.
    #[error("a text must be UTF-8")]
    NotUtf8,
}
