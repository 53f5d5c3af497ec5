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
    /// Behind a pointer, since nearly always nothing is kept.
    unfinished: Option<Box<Unfinished>>,
}

/// What came of a message that is not whole yet.
#[derive(Debug, Default)]
struct Unfinished {
    /// The bytes of an incomplete frame.
    incomplete: Vec<u8>,
    /// The unmasked fragments of an incomplete message; `Some` from its first fragment on.
    fragments: Option<Vec<u8>>,
}

impl Reader {
    /// Whether a frame or a message has begun and not ended.
    pub fn is_incomplete(&self) -> bool {
        self.unfinished.is_some()
    }

    /// Begins to take the frames out of `chunk`, what just came from the socket.
    ///
    /// `limit` is the most bytes of a message, 0 for no limit.
    pub fn frames<'a>(&'a mut self, chunk: &'a mut [u8], limit: usize) -> Frames<'a> {
        let limit = if limit == 0 { usize::MAX } else { limit };
        let Unfinished {
            incomplete,
            fragments,
        } = self
            .unfinished
            .take()
            .map_or_else(Unfinished::default, |unfinished| *unfinished);
        let joined = (!incomplete.is_empty()).then(|| {
            let mut joined = incomplete;
            joined.extend_from_slice(chunk);
            joined
        });
        Frames {
            reader: self,
            fragments,
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
    /// As in [`Unfinished`].
    fragments: Option<Vec<u8>>,
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
                OpCode::Text if self.fragments.is_some() => {
                    return Err(ReadError::Protocol("a message began inside another"));
                }
                OpCode::Text if header.last => return self.whole(start, end).map(Some),
                OpCode::Text => self.fragments = Some(payload.to_vec()),
                OpCode::Continuation => match &mut self.fragments {
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
        let before = self.fragments.as_ref().map_or(0, Vec::len);
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
        let message = self.fragments.take().unwrap_or_default();
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
        let incomplete = match self.joined.take() {
            // Nothing was whole: the bytes stay where they are, however many
            // chunks a frame comes in.
            Some(joined) if self.at == 0 => joined,
            Some(joined) => joined[self.at..].to_vec(),
            None => self.chunk[self.at..].to_vec(),
        };
        let fragments = self.fragments.take();
        if !incomplete.is_empty() || fragments.is_some() {
            self.reader.unfinished = Some(Box::new(Unfinished {
                incomplete,
                fragments,
            }));
        }
    }
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
