//! Reads the frames of a client out of a shared buffer.
//!
//! A thread reads all its sockets into one scratch buffer and hands what came
//! to the connection's [`Reader`]. Frames are unmasked and given out in place;
//! only the beginning of a message whose end has not come is copied and kept.
//! The announced length of a frame is compared with the limit before any of its
//! bytes are kept; what is beyond the limit is passed over.

use crate::{
    Incoming, ReadError, TooLarge,
    close_code::close_code,
    header::{Header, OpCode, unmask},
    pieces::Pieces,
};

/// How many times the limit a message may announce to be passed over; beyond
/// that it is an error.
pub const MOST_PASSED_OVER: usize = 16;

/// The reading side of one connection. Holds no memory while no frame is incomplete.
#[derive(Debug, Default)]
pub struct Reader {
    /// Behind a pointer, since nearly always nothing is kept.
    unfinished: Option<Box<Unfinished>>,
}

/// What came and is not done with.
#[derive(Debug, Default)]
struct Unfinished {
    /// Bytes of which nothing was taken: frames that were left unread, an
    /// incomplete head, an incomplete control frame.
    untaken: Vec<u8>,
    message: Option<Message>,
    open: Option<OpenFrame>,
}

/// A message that is not whole.
#[derive(Debug)]
enum Message {
    Kept(Pieces),
    /// It is larger than the limit; nothing of it is kept.
    PassedOver {
        announced: usize,
    },
}

impl Message {
    fn announced(&self) -> usize {
        match self {
            Self::Kept(pieces) => pieces.len(),
            Self::PassedOver { announced } => *announced,
        }
    }
}

/// A frame whose head was taken and whose payload was not, to its end.
#[derive(Debug)]
struct OpenFrame {
    left: usize,
    last: bool,
    /// Turned, so that its first byte belongs to the next of the payload.
    mask: [u8; 4],
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
            untaken,
            message,
            open,
        } = self
            .unfinished
            .take()
            .map_or_else(Unfinished::default, |unfinished| *unfinished);
        let joined = (!untaken.is_empty()).then(|| {
            let mut joined = untaken;
            joined.extend_from_slice(chunk);
            joined
        });
        Frames {
            reader: self,
            message,
            open,
            chunk,
            joined,
            at: 0,
            limit,
            whole: String::new(),
        }
    }
}

/// The frames in a chunk, one by one. When dropped, what is left is kept by
/// the reader for the next chunk.
#[derive(Debug)]
pub struct Frames<'a> {
    reader: &'a mut Reader,
    message: Option<Message>,
    open: Option<OpenFrame>,
    chunk: &'a mut [u8],
    /// What was untaken before and the chunk, where there was something.
    joined: Option<Vec<u8>>,
    at: usize,
    limit: usize,
    /// The message of several pieces that is given out.
    whole: String,
}

/// What one step through the bytes came to, without what it lends.
enum Step {
    /// Nothing to give out yet; there may be more to take.
    Further,
    /// The rest is incomplete.
    Incomplete,
    /// A whole text in one piece of the buffer.
    Text {
        start: usize,
        end: usize,
    },
    /// A whole text of several pieces.
    Assembled,
    Fragment {
        bytes: usize,
    },
    TooLarge {
        error: TooLarge,
        bytes: usize,
    },
    Control {
        op: OpCode,
        start: usize,
        end: usize,
    },
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
            let incoming = match self.step()? {
                Step::Further => continue,
                Step::Incomplete => return Ok(None),
                Step::Text { start, end } => {
                    let text = std::str::from_utf8(&self.buffer()[start..end]);
                    Incoming::Text(text.map_err(|_| ReadError::NotUtf8)?)
                }
                Step::Assembled => Incoming::Text(&self.whole),
                Step::Fragment { bytes } => Incoming::Fragment { bytes },
                Step::TooLarge { error, bytes } => Incoming::TooLarge { error, bytes },
                Step::Control { op, start, end } => {
                    let payload = &self.buffer()[start..end];
                    match op {
                        OpCode::Ping => Incoming::Ping(payload),
                        OpCode::Close => Incoming::Close(close_code(payload)?),
                        _ => Incoming::Pong,
                    }
                }
            };
            return Ok(Some(incoming));
        }
    }

    fn buffer(&self) -> &[u8] {
        self.joined.as_deref().unwrap_or(&*self.chunk)
    }

    fn step(&mut self) -> Result<Step, ReadError> {
        if let Some(open) = self.open.take() {
            return self.go_on(open);
        }
        let rest = &self.buffer()[self.at..];
        let Some(header) = Header::parse(rest)? else {
            return Ok(Step::Incomplete);
        };
        let available = rest.len();
        match (header.op, &self.message) {
            (OpCode::Ping | OpCode::Pong | OpCode::Close, _) => {
                return Ok(self.control(&header, available));
            }
            (OpCode::Binary, _) => return Err(ReadError::Binary),
            (OpCode::Text, Some(_)) => {
                return Err(ReadError::Protocol("a message began inside another"));
            }
            (OpCode::Continuation, None) => {
                return Err(ReadError::Protocol("a continuation of nothing"));
            }
            (OpCode::Text, None) if header.last && header.payload <= self.limit => {
                if let Some((start, end)) = self.whole_payload(&header, available) {
                    return Ok(Step::Text { start, end });
                }
            }
            (OpCode::Text | OpCode::Continuation, _) => {}
        }
        self.begin(&header)
    }

    /// Takes a frame whose payload is there to its end, and unmasks it.
    fn whole_payload(&mut self, header: &Header, available: usize) -> Option<(usize, usize)> {
        let mask = header.mask?;
        if available - header.size < header.payload {
            return None;
        }
        let start = self.at + header.size;
        let end = start + header.payload;
        self.at = end;
        unmask(&mut self.buffer_mut()[start..end], mask);
        Some((start, end))
    }

    fn buffer_mut(&mut self) -> &mut [u8] {
        match &mut self.joined {
            Some(joined) => joined,
            None => self.chunk,
        }
    }

    fn control(&mut self, header: &Header, available: usize) -> Step {
        match self.whole_payload(header, available) {
            Some((start, end)) => Step::Control {
                op: header.op,
                start,
                end,
            },
            None => Step::Incomplete,
        }
    }

    /// Begins a frame that goes on with a message or leaves one unfinished, or
    /// whose payload is not there to its end.
    fn begin(&mut self, header: &Header) -> Result<Step, ReadError> {
        let bytes = header.payload;
        let before = self.message.as_ref().map_or(0, Message::announced);
        let error = TooLarge {
            announced: before.saturating_add(bytes),
            limit: self.limit,
        };
        if error.announced > self.limit.saturating_mul(MOST_PASSED_OVER) {
            return Err(ReadError::TooLarge(error));
        }
        let Some(mask) = header.mask else {
            return Ok(Step::Incomplete);
        };
        self.at += header.size;
        self.open = Some(OpenFrame {
            left: bytes,
            last: header.last,
            mask,
        });
        let announced = error.announced;
        if announced <= self.limit {
            if self.message.is_none() {
                self.message = Some(Message::Kept(Pieces::default()));
            }
            return Ok(match header.last {
                true => Step::Further,
                false => Step::Fragment { bytes },
            });
        }
        Ok(
            match self.message.replace(Message::PassedOver { announced }) {
                Some(Message::PassedOver { .. }) => Step::Fragment { bytes },
                Some(Message::Kept(_)) | None => Step::TooLarge { error, bytes },
            },
        )
    }

    /// Takes as much of an open frame as has come.
    fn go_on(&mut self, mut open: OpenFrame) -> Result<Step, ReadError> {
        let buffer = match &mut self.joined {
            Some(joined) => joined.as_mut_slice(),
            None => &mut *self.chunk,
        };
        let piece = &mut buffer[self.at..];
        let count = piece.len().min(open.left);
        let piece = &mut piece[..count];
        if let Some(Message::Kept(pieces)) = &mut self.message {
            unmask(piece, open.mask);
            pieces.push(piece, open.left)?;
        }
        self.at += count;
        open.left -= count;
        open.mask.rotate_left(count % 4);
        if open.left > 0 {
            self.open = Some(open);
            return Ok(Step::Incomplete);
        }
        if !open.last {
            return Ok(Step::Further);
        }
        match self.message.take() {
            Some(Message::Kept(pieces)) => {
                self.whole = pieces.finish()?;
                Ok(Step::Assembled)
            }
            Some(Message::PassedOver { .. }) | None => Ok(Step::Further),
        }
    }
}

impl Drop for Frames<'_> {
    fn drop(&mut self) {
        let untaken = match self.joined.take() {
            // Nothing was taken: the bytes stay where they are.
            Some(joined) if self.at == 0 => joined,
            Some(joined) => joined[self.at..].to_vec(),
            None => self.chunk[self.at..].to_vec(),
        };
        let (message, open) = (self.message.take(), self.open.take());
        if !untaken.is_empty() || message.is_some() || open.is_some() {
            self.reader.unfinished = Some(Box::new(Unfinished {
                untaken,
                message,
                open,
            }));
        }
    }
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
