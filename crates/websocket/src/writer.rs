//! Finished frames of a server: never masked, never fragmented.

use bytes::Bytes;

use crate::header::OpCode;

fn put_header(out: &mut Vec<u8>, op: OpCode, length: usize) {
    out.push(0x80 | op as u8);
    match length {
        0..=125 => out.push(length as u8),
        126..=0xffff => {
            out.push(126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            out.push(127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

/// The bytes of a header before a payload of so many bytes.
fn header_length(payload: usize) -> usize {
    match payload {
        0..=125 => 2,
        126..=0xffff => 4,
        _ => 10,
    }
}

/// A frame whose payload is made of pieces, in memory of just its size.
fn frame(op: OpCode, pieces: &[&[u8]]) -> Bytes {
    let payload = pieces.iter().map(|piece| piece.len()).sum();
    let mut out = Vec::with_capacity(header_length(payload) + payload);
    put_header(&mut out, op, payload);
    for piece in pieces {
        out.extend_from_slice(piece);
    }
    out.into()
}

/// A text frame. The payload must be UTF-8, which all JSON here is.
pub fn text(payload: &[u8]) -> Bytes {
    frame(OpCode::Text, &[payload])
}

/// The beginning of a text frame, of which `rest` bytes of payload follow in another piece.
pub fn text_begun(payload: &[u8], rest: usize) -> Bytes {
    let mut out = Vec::with_capacity(payload.len() + 10);
    put_header(&mut out, OpCode::Text, payload.len() + rest);
    out.extend_from_slice(payload);
    out.into()
}

/// A ping without payload.
pub fn ping() -> Bytes {
    Bytes::from_static(&[0x89, 0])
}

/// A pong with the payload of the ping that it answers (at most 125 bytes).
pub fn pong(payload: &[u8]) -> Bytes {
    frame(OpCode::Pong, &[payload])
}

/// The answer to a close frame of the peer: its own code, or none.
pub fn close_back(code: Option<u16>) -> Bytes {
    match code {
        Some(code) => frame(OpCode::Close, &[&code.to_be_bytes()]),
        None => frame(OpCode::Close, &[]),
    }
}

/// A close frame with its code and the reason that belongs to it (at most 123 bytes).
pub fn close(code: u16, reason: &str) -> Bytes {
    frame(OpCode::Close, &[&code.to_be_bytes(), reason.as_bytes()])
}
