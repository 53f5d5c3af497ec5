//! Frames, and the two texts that a client sends, found by where their fields stand.

use memchr::memmem;

const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// Three of them and the field names still fit the frame of a message.
const MAX_PAYLOAD: usize = 16 * 1024;

pub enum Frame<'a> {
    Text(&'a [u8]),
    Ping(&'a [u8]),
    Pong,
    Close,
}

/// Takes the mask off the first frame in `bytes`, in place. Gives the frame and its length with its header;
/// `None` while it is incomplete.
///
/// # Errors
/// Where the frame is one that this server does not know.
pub fn next_frame(bytes: &mut [u8]) -> anyhow::Result<Option<(Frame<'_>, usize)>> {
    let Some((header, length)) = lengths(bytes) else {
        return Ok(None);
    };
    anyhow::ensure!(length <= MAX_PAYLOAD, "{length} bytes");
    let whole = header + 4 + length;
    if bytes.len() < whole {
        return Ok(None);
    }
    let opcode = bytes[0] & 0x0f;
    let (head, payload) = bytes[..whole].split_at_mut(header + 4);
    unmask(payload, &head[header..]);
    let frame = match opcode {
        TEXT => Frame::Text(payload),
        PING => Frame::Ping(payload),
        PONG => Frame::Pong,
        CLOSE => Frame::Close,
        _ => anyhow::bail!("opcode {opcode}"),
    };
    Ok(Some((frame, whole)))
}

/// Bytes of the header before the mask, and of the payload.
fn lengths(bytes: &[u8]) -> Option<(usize, usize)> {
    match bytes.get(1)? & 0x7f {
        126 => Some((
            4,
            u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?]).into(),
        )),
        127 => Some((
            10,
            u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?) as usize,
        )),
        short => Some((2, short.into())),
    }
}

fn unmask(payload: &mut [u8], mask: &[u8]) {
    let mask = [
        mask[0], mask[1], mask[2], mask[3], mask[0], mask[1], mask[2], mask[3],
    ];
    let key = u64::from_ne_bytes(mask);
    let (words, rest) = payload.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ key).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask) {
        *byte ^= mask;
    }
}

/// A whole frame from the server, of up to 65,535 bytes.
pub fn frame(opcode: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut frame = Vec::with_capacity(length + 4);
    frame.push(0x80 | opcode);
    if length < 126 {
        frame.push(length as u8);
    } else {
        frame.push(126);
        frame.extend_from_slice(&(length as u16).to_be_bytes());
    }
    for part in parts {
        frame.extend_from_slice(part);
    }
    frame
}

pub fn text(parts: &[&[u8]]) -> Vec<u8> {
    frame(TEXT, parts)
}

pub fn pong(payload: &[u8]) -> Vec<u8> {
    frame(PONG, &[payload])
}

/// A field's text as it stands between its quotes, escapes and all: none of the generator's room names and
/// names has one, and the text is passed on as it came.
fn field<'a>(json: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let start = memmem::find(json, name)? + name.len();
    let length = memchr::memchr(b'"', &json[start..])?;
    Some(&json[start..start + length])
}

pub fn room(json: &[u8]) -> Option<&[u8]> {
    field(json, b"\"room\":\"")
}

pub fn name(json: &[u8]) -> Option<&[u8]> {
    field(json, b"\"name\":\"")
}

/// What follows `"text":`, with the closing brace; `None` where there is none, as in a join.
pub fn tail(json: &[u8]) -> Option<&[u8]> {
    const TEXT_FIELD: &[u8] = b"\"text\":";
    memmem::find(json, TEXT_FIELD).map(|at| &json[at + TEXT_FIELD.len()..])
}
