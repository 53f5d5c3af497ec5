//! The answer to a WebSocket handshake (RFC 6455, 4.2).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem;
use sha1::{Digest, Sha1};

const ACCEPT_GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The answer, and how many bytes the request took; `None` while the request is incomplete or where it names no key.
pub fn answer(request: &[u8]) -> Option<(String, usize)> {
    let end = memmem::find(request, b"\r\n\r\n")? + 4;
    let key = request[..end]
        .split(|&byte| byte == b'\n')
        .find_map(key_of)?;
    let accept = STANDARD.encode(
        Sha1::new()
            .chain_update(key)
            .chain_update(ACCEPT_GUID)
            .finalize(),
    );
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    Some((answer, end))
}

fn key_of(line: &[u8]) -> Option<&[u8]> {
    let (name, value) = line.split_at(line.iter().position(|&byte| byte == b':')?);
    name.eq_ignore_ascii_case(b"sec-websocket-key")
        .then(|| value[1..].trim_ascii())
}
