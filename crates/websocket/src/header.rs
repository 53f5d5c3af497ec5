//! The head of one frame.

use crate::ReadError;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum OpCode {
    Continuation = 0,
    Text = 1,
    Binary = 2,
    Close = 8,
    Ping = 9,
    Pong = 10,
}

impl OpCode {
    fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            _ => return None,
        })
    }

    fn is_control(self) -> bool {
        self as u8 >= 8
    }
}

/// The head of a frame from a client.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    pub(super) op: OpCode,
    pub(super) last: bool,
    /// `None` where it has not come yet; the length is known by then.
    pub(super) mask: Option<[u8; 4]>,
    /// Bytes before the payload.
    pub(super) size: usize,
    /// Bytes of the payload, as announced.
    pub(super) payload: usize,
}

impl Header {
    /// Reads a head; `None` where not even the length is there yet.
    pub(super) fn parse(bytes: &[u8]) -> Result<Option<Self>, ReadError> {
        let [first, second, ..] = *bytes else {
            return Ok(None);
        };
        let op = OpCode::from_bits(first & 0x0f).ok_or(ReadError::Protocol("unknown opcode"))?;
        let last = first & 0x80 != 0;
        if first & 0x70 != 0 {
            return Err(ReadError::Protocol("reserved bits are set"));
        }
        if second & 0x80 == 0 {
            return Err(ReadError::Protocol("a client's frame must be masked"));
        }
        let short = usize::from(second & 0x7f);
        if op.is_control() && (!last || short > 125) {
            return Err(ReadError::Protocol(
                "a control frame is fragmented or too long",
            ));
        }
        let (payload, size) = match short {
            126 => match *bytes {
                [_, _, a, b, ..] => (u64::from(u16::from_be_bytes([a, b])), 8),
                _ => return Ok(None),
            },
            127 => match *bytes {
                [_, _, a, b, c, d, e, f, g, h, ..] => {
                    (u64::from_be_bytes([a, b, c, d, e, f, g, h]), 14)
                }
                _ => return Ok(None),
            },
            short => (short as u64, 6),
        };
        let minimal = match size {
            8 => payload > 125,
            14 => payload > 0xffff && payload >> 63 == 0,
            _ => true,
        };
        if !minimal {
            return Err(ReadError::Protocol(
                "a length is written longer than it need be, or beyond 63 bits",
            ));
        }
        let mask = bytes.get(size - 4..size);
        Ok(Some(Self {
            op,
            last,
            mask: mask.and_then(|mask| mask.try_into().ok()),
            size,
            payload: usize::try_from(payload).unwrap_or(usize::MAX),
        }))
    }
}

/// Takes the mask off, eight bytes at a time.
pub(super) fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let [a, b, c, d] = mask;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let mut words = payload.chunks_exact_mut(8);
    for word in &mut words {
        // A chunk of chunks_exact_mut(8) has eight bytes.
        if let Ok(bytes) = <[u8; 8]>::try_from(&*word) {
            word.copy_from_slice(&(u64::from_ne_bytes(bytes) ^ wide).to_ne_bytes());
        }
    }
    for (byte, mask) in words.into_remainder().iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}
