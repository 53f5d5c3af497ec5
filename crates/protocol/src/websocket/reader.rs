//! Reads the frames of a client out of a shared buffer.
//!
//! A thread reads all its sockets into one scratch buffer and hands what came
//! to the connection's [`Reader`]. Frames are unmasked and given out in place;
//! only what is incomplete is copied and kept. The announced length of a frame
//! is compared with the limit before any of its bytes are kept.

use super::header::{Header, OpCode, unmask};

/// What came from a client.
#[derive(Debug, PartialEq, Eq)]
pub enum Incoming<'a> {
    /// A whole text message, put together if it came in fragments.
    Text(&'a str),
    /// To be answered with the same payload.
    Ping(&'a [u8]),
    /// The answer to a ping of ours.
    Pong,
    /// The client is leaving.
    Close,
}

/// Why the bytes cannot be read on; the connection is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// RFC 6455 is broken.
    #[error("WebSocket protocol error: {0}")]
    Protocol(&'static str),
    /// A message is longer than the limit.
    #[error(
        "a frame of {announced} bytes was announced; at most {limit} are allowed (limits.frame_bytes)"
    )]
    TooLarge {
        /// What was announced, with the fragments before it.
        announced: usize,
        /// The limit.
        limit: usize,
    },
    /// A binary message, which the protocol has no use for.
    #[error("binary frames are not part of this protocol")]
    Binary,
    /// A text message that is no UTF-8.
    #[error("a text frame must be UTF-8")]
    NotUtf8,
}

/// The reading side of one connection. Holds no memory while no frame is incomplete.
#[derive(Debug, Default)]
pub struct Reader {
    /// The bytes of an incomplete frame.
    incomplete: Vec<u8>,
    /// The unmasked fragments of an incomplete message; `Some` from its first fragment on.
    fragments: Option<Vec<u8>>,
}

impl Reader {
    /// Whether a frame or a message has begun and not ended.
    pub fn is_incomplete(&self) -> bool {
        !self.incomplete.is_empty() || self.fragments.is_some()
    }

    /// Begins to take the frames out of `chunk`, what just came from the socket.
    ///
    /// `limit` is the most bytes of a message, 0 for no limit.
    pub fn frames<'a>(&'a mut self, chunk: &'a mut [u8], limit: usize) -> Frames<'a> {
        let limit = if limit == 0 { usize::MAX } else { limit };
        let joined = if self.incomplete.is_empty() {
            None
        } else {
            let mut joined = std::mem::take(&mut self.incomplete);
            joined.extend_from_slice(chunk);
            Some(joined)
        };
        Frames {
            reader: self,
            chunk,
            joined,
            at: 0,
            limit,
        }
    }
}

/// The frames in a chunk, one by one. When dropped, what is left is kept by
/// the reader for the next chunk.
#[derive(Debug)]
pub struct Frames<'a> {
    reader: &'a mut Reader,
    chunk: &'a mut [u8],
    /// The incomplete frame of before and the chunk, where there was one.
    joined: Option<Vec<u8>>,
    at: usize,
    limit: usize,
}

/// Where in the buffer the next whole frame lies.
struct Located {
    header: Header,
    start: usize,
    end: usize,
}

impl Frames<'_> {
    /// The next frame or message; `None` where the rest is incomplete.
    ///
    /// # Errors
    ///
    /// When the peer breaks the rules. There is no reading on after that.
    #[allow(clippy::should_implement_trait)] // it lends, which Iterator cannot
    pub fn next(&mut self) -> Result<Option<Incoming<'_>>, ReadError> {
        loop {
            let Some(Located { header, start, end }) = self.locate()? else {
                return Ok(None);
            };
            self.at = end;
            let buffer = match &mut self.joined {
                Some(joined) => joined.as_mut_slice(),
                None => &mut *self.chunk,
            };
            let payload = &mut buffer[start..end];
            unmask(payload, header.mask);
            match header.op {
                OpCode::Ping => return Ok(Some(Incoming::Ping(&self.buffer()[start..end]))),
                OpCode::Pong => return Ok(Some(Incoming::Pong)),
                OpCode::Close => return Ok(Some(Incoming::Close)),
                OpCode::Binary => return Err(ReadError::Binary),
                OpCode::Text if self.reader.fragments.is_some() => {
                    return Err(ReadError::Protocol("a message began inside another"));
                }
                OpCode::Text if header.last => return self.whole(start, end).map(Some),
                OpCode::Text => self.reader.fragments = Some(payload.to_vec()),
                OpCode::Continuation => match &mut self.reader.fragments {
                    None => return Err(ReadError::Protocol("a continuation of nothing")),
                    Some(fragments) => {
                        fragments.extend_from_slice(payload);
                        if header.last {
                            return self.assembled().map(Some);
                        }
                    }
                },
            }
        }
    }

    fn buffer(&self) -> &[u8] {
        self.joined.as_deref().unwrap_or(&*self.chunk)
    }

    /// Finds the next frame that is whole, refusing one that would be too long.
    fn locate(&self) -> Result<Option<Located>, ReadError> {
        let rest = &self.buffer()[self.at..];
        let Some(header) = Header::parse(rest)? else {
            return Ok(None);
        };
        let before = self.reader.fragments.as_ref().map_or(0, Vec::len);
        let announced = before.saturating_add(header.payload);
        if announced > self.limit {
            return Err(ReadError::TooLarge {
                announced,
                limit: self.limit,
            });
        }
        let start = self.at + header.size;
        let end = start.saturating_add(header.payload);
        Ok((rest.len() >= end.saturating_sub(self.at)).then_some(Located { header, start, end }))
    }

    fn whole(&self, start: usize, end: usize) -> Result<Incoming<'_>, ReadError> {
        let text = std::str::from_utf8(&self.buffer()[start..end]);
        text.map(Incoming::Text).map_err(|_| ReadError::NotUtf8)
    }

    /// Gives out a message of several fragments, from the buffer's side so that
    /// the lent text lives as long as the others do.
    fn assembled(&mut self) -> Result<Incoming<'_>, ReadError> {
        let message = self.reader.fragments.take().unwrap_or_default();
        let rest = self.buffer()[self.at..].to_vec();
        let length = message.len();
        let mut joined = message;
        joined.extend_from_slice(&rest);
        self.joined = Some(joined);
        self.at = length;
        self.whole(0, length)
    }
}

impl Drop for Frames<'_> {
    fn drop(&mut self) {
        let rest = self.buffer()[self.at..].to_vec();
        self.reader.incomplete = rest;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A masked client frame.
    fn client(first: u8, payload: &[u8]) -> Vec<u8> {
        let mask = [7, 11, 13, 17];
        let mut out = vec![first];
        match payload.len() {
            0..=125 => out.push(0x80 | payload.len() as u8),
            126..=0xffff => {
                out.push(0x80 | 126);
                out.extend_from_slice(&(payload.len() as u16).to_be_bytes());
            }
            _ => {
                out.push(0x80 | 127);
                out.extend_from_slice(&(payload.len() as u64).to_be_bytes());
            }
        }
        out.extend_from_slice(&mask);
        out.extend(
            payload
                .iter()
                .zip(mask.iter().cycle())
                .map(|(byte, mask)| byte ^ mask),
        );
        out
    }

    /// Feeds bytes in the given pieces and writes down what came.
    fn read(
        bytes: &[u8],
        pieces: &[usize],
        limit: usize,
    ) -> (Vec<String>, Option<ReadError>, Reader) {
        let mut reader = Reader::default();
        let mut seen = Vec::new();
        let mut rest = bytes.to_vec();
        let mut pieces = pieces.iter().copied();
        while !rest.is_empty() {
            let size = pieces.next().unwrap_or(rest.len()).clamp(1, rest.len());
            let mut chunk: Vec<u8> = rest.drain(..size).collect();
            let mut frames = reader.frames(&mut chunk, limit);
            loop {
                match frames.next() {
                    Ok(Some(incoming)) => seen.push(format!("{incoming:?}")),
                    Ok(None) => break,
                    Err(error) => {
                        drop(frames);
                        return (seen, Some(error), reader);
                    }
                }
            }
        }
        (seen, None, reader)
    }

    #[test]
    fn a_fragmented_message_with_a_ping_inside_is_put_together() {
        let bytes = [
            client(0x01, b"hel"),
            client(0x89, b"p"),
            client(0x80, b"lo"),
            client(0x81, b"next"),
        ]
        .concat();
        let (seen, error, reader) = read(&bytes, &[], 0);
        assert_eq!(
            seen,
            [r#"Ping([112])"#, r#"Text("hello")"#, r#"Text("next")"#]
        );
        assert_eq!(error, None);
        assert!(!reader.is_incomplete());
        assert_eq!(reader.incomplete.capacity(), 0);
    }

    #[test]
    fn an_announced_length_is_refused_before_its_bytes_come() {
        let mut head = vec![0x81, 0x80 | 127];
        head.extend_from_slice(&(1u64 << 30).to_be_bytes());
        let (_, error, reader) = read(&head, &[], 16384);
        assert_eq!(
            error,
            Some(ReadError::TooLarge {
                announced: 1 << 30,
                limit: 16384
            })
        );
        assert!(reader.incomplete.len() <= head.len());
        let huge = [vec![0x81, 0xff], vec![0xff; 12]].concat();
        assert!(matches!(
            read(&huge, &[], 16384).1,
            Some(ReadError::TooLarge { .. })
        ));
    }

    #[test]
    fn fragments_count_together() {
        let bytes = [client(0x01, &[b'a'; 60]), client(0x00, &[b'a'; 60])].concat();
        assert!(matches!(
            read(&bytes, &[], 100).1,
            Some(ReadError::TooLarge { announced: 120, .. })
        ));
    }

    #[test]
    fn what_breaks_the_rules_is_named() {
        for (bytes, error) in [
            (
                vec![0x81, 0x05],
                ReadError::Protocol("a client's frame must be masked"),
            ),
            (
                client(0xc1, b"a"),
                ReadError::Protocol("reserved bits are set"),
            ),
            (client(0x83, b"a"), ReadError::Protocol("unknown opcode")),
            (
                client(0x80, b"a"),
                ReadError::Protocol("a continuation of nothing"),
            ),
            (
                client(0x09, b"a"),
                ReadError::Protocol("a control frame is fragmented or too long"),
            ),
            (client(0x82, b"a"), ReadError::Binary),
            (client(0x81, &[0xff]), ReadError::NotUtf8),
            (
                [client(0x01, b"a"), client(0x81, b"b")].concat(),
                ReadError::Protocol("a message began inside another"),
            ),
        ] {
            assert_eq!(read(&bytes, &[], 0).1, Some(error));
        }
    }

    proptest! {
        #[test]
        fn however_the_bytes_are_cut_the_messages_are_the_same(
            texts in prop::collection::vec("[a-zä]{0,200}", 1..8),
            pieces in prop::collection::vec(1usize..40, 0..200),
        ) {
            let bytes: Vec<u8> = texts.iter().flat_map(|text| client(0x81, text.as_bytes())).collect();
            let (seen, error, reader) = read(&bytes, &pieces, 0);
            let wanted: Vec<_> = texts.iter().map(|text| format!("{:?}", Incoming::Text(text))).collect();
            prop_assert_eq!(seen, wanted);
            prop_assert_eq!(error, None);
            prop_assert!(!reader.is_incomplete());
        }

        #[test]
        fn no_bytes_make_it_panic_or_keep_more_than_the_limit(
            bytes in prop::collection::vec(any::<u8>(), 0..400),
            pieces in prop::collection::vec(1usize..40, 0..50),
        ) {
            let (_, _, reader) = read(&bytes, &pieces, 100);
            prop_assert!(reader.fragments.as_ref().map_or(0, Vec::len) <= 100);
        }
    }
}
