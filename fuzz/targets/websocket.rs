//! The bytes of a socket: however they are cut into reads, the same messages come out, none longer
//! than the limit. The first byte of the input chooses the limit, the second how it is cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rookery_protocol::websocket::{Incoming, ReadError, Reader};

fuzz_target!(|input: &[u8]| {
    let [limit, cut, bytes @ ..] = input else {
        return;
    };
    let limit = 1 + usize::from(*limit) * 8;
    let whole = read(bytes, bytes.len().max(1), limit);
    let pieces = read(bytes, usize::from(*cut).max(1), limit);
    assert_eq!(whole, pieces);
    for message in &whole.0 {
        assert!(message.len() <= limit);
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
    Ping(Vec<u8>),
    Pong,
    Close,
}

impl Message {
    fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Ping(payload) => payload.len(),
            Self::Pong | Self::Close => 0,
        }
    }
}

impl From<Incoming<'_>> for Message {
    fn from(incoming: Incoming<'_>) -> Self {
        match incoming {
            Incoming::Text(text) => Self::Text(text.to_owned()),
            Incoming::Ping(payload) => Self::Ping(payload.to_vec()),
            Incoming::Pong => Self::Pong,
            Incoming::Close => Self::Close,
        }
    }
}
