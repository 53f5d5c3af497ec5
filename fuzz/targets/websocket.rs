//! The bytes of a socket: however they are cut into reads, the same comes out, no text longer than the
//! limit, nothing passed over within it. The first byte of the input chooses the limit, the second how
//! it is cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rookery_websocket::{Incoming, MOST_PASSED_OVER, ReadError, Reader, may_be_sent};

fuzz_target!(|input: &[u8]| {
    let [limit, cut, bytes @ ..] = input else {
        return;
    };
    let limit = 1 + usize::from(*limit) * 8;
    let whole = read(bytes, bytes.len().max(1), limit);
    let pieces = read(bytes, usize::from(*cut).max(1), limit);
    assert_eq!(whole, pieces);
    for message in &whole.0 {
        match message {
            Message::Text(text) => assert!(text.len() <= limit),
            Message::TooLarge { announced, .. } => {
                assert!(*announced > limit && *announced <= limit * MOST_PASSED_OVER);
            }
            Message::Fragment(bytes) => assert!(*bytes <= limit * MOST_PASSED_OVER),
            Message::Ping(payload) => assert!(payload.len() <= 125),
            Message::Close(code) => assert!(code.is_none_or(may_be_sent)),
            Message::Pong => {}
        }
    }
});

/// The messages in `bytes`, read `size` at a time, each led by its kind, and the error that ended it.
fn read(bytes: &[u8], size: usize, limit: usize) -> (Vec<Message>, Option<ReadError>) {
    let mut reader = Reader::default();
    let mut messages = Vec::new();
    for piece in bytes.chunks(size) {
        let mut piece = piece.to_vec();
        let mut frames = reader.frames(&mut piece, limit);
        loop {
            match frames.next() {
                Ok(Some(incoming)) => messages.push(Message::from(incoming)),
                Ok(None) => break,
                Err(error) => return (messages, Some(error)),
            }
        }
    }
    (messages, None)
}

#[derive(Debug, PartialEq)]
enum Message {
    Text(String),
    Fragment(usize),
    TooLarge { announced: usize, bytes: usize },
    Ping(Vec<u8>),
    Pong,
    Close(Option<u16>),
}

impl From<Incoming<'_>> for Message {
    fn from(incoming: Incoming<'_>) -> Self {
        match incoming {
            Incoming::Text(text) => Self::Text(text.to_owned()),
            Incoming::Fragment { bytes } => Self::Fragment(bytes),
            Incoming::TooLarge { error, bytes } => Self::TooLarge {
                announced: error.announced,
                bytes,
            },
            Incoming::Ping(payload) => Self::Ping(payload.to_vec()),
            Incoming::Pong => Self::Pong,
            Incoming::Close(code) => Self::Close(code),
        }
    }
}
