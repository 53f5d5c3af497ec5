//! Finished frames of a server: never masked, never fragmented.

use bytes::Bytes;

use super::header::OpCode;
use crate::CloseCode;

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

fn frame(op: OpCode, payload: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(payload.len() + 10);
    put_header(&mut out, op, payload.len());
    out.extend_from_slice(payload);
    out.into()
}

/// A text frame. The payload must be UTF-8, which all JSON here is.
pub fn text(payload: &[u8]) -> Bytes {
    frame(OpCode::Text, payload)
}

/// The beginning of a text frame, of which `rest` bytes of payload follow in another piece.
pub fn text_begun(payload: &[u8], rest: usize) -> Bytes {
    let mut out = Vec::with_capacity(payload.len() + 10);
    put_header(&mut out, OpCode::Text, payload.len() + rest);
    out.extend_from_slice(payload);
    out.into()
}

/// Several text frames, one after the other, in one piece of memory.
pub fn text_batch<'a>(payloads: impl IntoIterator<Item = &'a [u8]>) -> Bytes {
    let mut out = Vec::new();
    for payload in payloads {
        put_header(&mut out, OpCode::Text, payload.len());
        out.extend_from_slice(payload);
    }
    out.into()
}

/// A ping without payload.
pub fn ping() -> Bytes {
    Bytes::from_static(&[0x89, 0])
}

/// A pong with the payload of the ping that it answers (at most 125 bytes).
pub fn pong(payload: &[u8]) -> Bytes {
    frame(OpCode::Pong, payload)
}

/// A close frame with its code and the reason that belongs to it.
pub fn close(code: CloseCode) -> Bytes {
    let mut payload = code.as_u16().to_be_bytes().to_vec();
    payload.extend_from_slice(code.reason().as_bytes());
    frame(OpCode::Close, &payload)
}
