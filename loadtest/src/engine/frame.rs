//! The client's side of WebSocket framing (RFC 6455), by hand: masked frames
//! out, whole frames in, nothing copied and nothing allocated on the way in.
//!
//! It must never wait or keep state: an incomplete frame is the caller's to keep.

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opcode {
    Continuation = 0,
    Text = 1,
    Binary = 2,
    Close = 8,
    Ping = 9,
    Pong = 10,
}

/// What stands at the beginning of what was read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Parsed<'a> {
    Frame {
        opcode: Opcode,
        last: bool,
        payload: &'a [u8],
        /// How many bytes it took, head and payload.
        length: usize,
    },
    /// Not all of it is here yet; it is at least `length` bytes long.
    Incomplete { length: usize },
    /// Not what a server may send.
    Broken(&'static str),
}

/// No server has a reason to send a longer frame to the load generator.
pub(crate) const LONGEST: usize = 64 << 20;

/// Reads the frame at the beginning of `bytes`.
#[inline]
pub(crate) fn parse(bytes: &[u8]) -> Parsed<'_> {
    let &[first, second, ..] = bytes else {
        return Parsed::Incomplete { length: 2 };
    };
    // Nearly every frame is a text of 126 to 65,535 bytes: look for that first.
    let (head, length) = match second {
        0..=125 => (2, usize::from(second)),
        126 => match bytes.get(2..4) {
            Some(&[high, low]) => (4, usize::from(u16::from_be_bytes([high, low]))),
            _ => return Parsed::Incomplete { length: 4 },
        },
        127 => match bytes.get(2..10).map(<[u8; 8]>::try_from) {
            Some(Ok(length)) => match usize::try_from(u64::from_be_bytes(length)) {
                Ok(length) if length <= LONGEST => (10, length),
                _ => return Parsed::Broken("a frame of more than 64 MiB"),
            },
            _ => return Parsed::Incomplete { length: 10 },
        },
        _ => return Parsed::Broken("a masked frame from a server"),
    };
    let Some(opcode) = opcode(first) else {
        return Parsed::Broken("a frame of an unknown kind");
    };
    let length = head + length;
    match bytes.get(head..length) {
        Some(payload) => Parsed::Frame {
            opcode,
            last: first & 0x80 != 0,
            payload,
            length,
        },
        None => Parsed::Incomplete { length },
    }
}

#[inline]
fn opcode(first: u8) -> Option<Opcode> {
    Some(match first & 0x7f {
        0 => Opcode::Continuation,
        1 => Opcode::Text,
        2 => Opcode::Binary,
        8 => Opcode::Close,
        9 => Opcode::Ping,
        10 => Opcode::Pong,
        _ => return None,
    })
}

/// Writes a whole frame, masked as a client must.
pub(crate) fn write(out: &mut Vec<u8>, opcode: Opcode, payload: &[u8], key: [u8; 4]) {
    out.push(0x80 | opcode as u8);
    match payload.len() {
        length @ 0..=125 => out.push(0x80 | length as u8),
        length @ 126..=0xffff => {
            out.push(0x80 | 126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&key);
    let start = out.len();
    out.extend_from_slice(payload);
    mask(&mut out[start..], key);
}

fn mask(bytes: &mut [u8], key: [u8; 4]) {
    let (words, rest) = bytes.as_chunks_mut::<4>();
    for word in words {
        *word = (u32::from_ne_bytes(*word) ^ u32::from_ne_bytes(key)).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(key) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server_frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![first];
        match payload.len() {
            length @ 0..=125 => bytes.push(length as u8),
            length @ 126..=0xffff => {
                bytes.push(126);
                bytes.extend((length as u16).to_be_bytes());
            }
            length => {
                bytes.push(127);
                bytes.extend((length as u64).to_be_bytes());
            }
        }
        bytes.extend(payload);
        bytes
    }

    #[test]
    fn every_cut_of_a_frame_is_incomplete_and_the_whole_is_not() {
        for length in [0, 1, 125, 126, 300, 65_535, 65_536] {
            let payload: Vec<u8> = (0..length).map(|index| index as u8).collect();
            let bytes = server_frame(0x81, &payload);
            for cut in (0..bytes.len()).step_by(1 + length / 500) {
                let Parsed::Incomplete { length } = parse(&bytes[..cut]) else {
                    panic!("{cut} of {} bytes are no frame", bytes.len());
                };
                assert!(cut < length && length <= bytes.len());
            }
            let mut more = bytes.clone();
            more.extend([0x81, 0x00]);
            assert_eq!(
                parse(&more),
                Parsed::Frame {
                    opcode: Opcode::Text,
                    last: true,
                    payload: &payload,
                    length: bytes.len(),
                }
            );
        }
    }

    #[test]
    fn what_no_server_may_send_is_broken() {
        assert!(matches!(parse(&[0x81, 0x80]), Parsed::Broken(_)));
        assert!(matches!(parse(&[0x83, 0x00]), Parsed::Broken(_)));
        let huge = [0x82, 127, 1, 0, 0, 0, 0, 0, 0, 0];
        assert!(matches!(parse(&huge), Parsed::Broken(_)));
    }

    #[test]
    fn a_written_frame_unmasks_to_its_payload() {
        for length in [0_usize, 3, 125, 126, 70_000] {
            let payload: Vec<u8> = (0..length).map(|index| (index * 7) as u8).collect();
            let key = [1, 2, 3, 4];
            let mut out = Vec::new();
            write(&mut out, Opcode::Text, &payload, key);
            assert_eq!((out[0], out[1] & 0x80), (0x81, 0x80));
            let start = out.len() - length;
            assert_eq!(out[start - 4..start], key);
            let mut body = out[start..].to_vec();
            mask(&mut body, key);
            assert_eq!(body, payload);
        }
    }
}
