//! The native wire: what the chat gives, as frames of `PROTOCOL.md` in text
//! messages of a WebSocket.

use bytes::Bytes;
use rookery_chat::{
    Refusal,
    commands::{Page, Reply, Stored},
    delivery::{JoinReply, Push, Wire, WireNumber},
};
use rookery_protocol::{
    ErrorCode, Event, RequestId, RoomId, encode,
    server_frame::{RoomNotice, Welcome},
};
use rookery_websocket as websocket;

/// The number of the native wire among those of a node.
pub(crate) const NATIVE: WireNumber = WireNumber(0);

/// All wires of a node, by their numbers.
pub(crate) fn all() -> Vec<Box<dyn Wire>> {
    vec![Box::new(Native)]
}

/// Each push is one text message with its JSON.
#[derive(Debug)]
struct Native;

impl Wire for Native {
    fn push(&self, push: Push<'_>) -> Bytes {
        websocket::text(push.json())
    }
}

/// The reply to `hello`.
pub(crate) fn welcome(welcome: Welcome) -> Bytes {
    websocket::text(&encode::welcome(welcome))
}

/// `ok` without more.
pub(crate) fn ok(id: &RequestId) -> Bytes {
    websocket::text(&encode::ok(id))
}

/// The reply to `renew`.
pub(crate) fn renewed(id: &RequestId, expires_at: u64) -> Bytes {
    websocket::text(&encode::ok_renewed(id, expires_at))
}

/// Tells a client that its token ends in so many milliseconds.
pub(crate) fn expiring(in_ms: u64) -> Bytes {
    websocket::text(&encode::expiring(in_ms))
}

/// The reply to `send`.
pub(crate) fn stored(id: &RequestId, stored: Stored) -> Bytes {
    let ok = encode::ok_stored(id, stored.seq, stored.ts, stored.duplicate);
    websocket::text(&ok)
}

/// The reply to `history`, which counts as long as somebody holds it.
pub(crate) fn page(id: &RequestId, page: Page) -> Bytes {
    let messages = page.messages.iter().map(Event::json);
    let ok = encode::ok_history(id, &page.epoch, messages, page.more);
    page.claim.carry(websocket::text(&ok))
}

/// The reply to a request.
pub(crate) fn reply(id: &RequestId, reply: Reply) -> Bytes {
    reply.into_bytes(|fields| websocket::text(&encode::ok_with(id, &fields)))
}

/// `pong`.
pub(crate) fn pong(id: Option<RequestId>, server_time: u64) -> Bytes {
    websocket::text(&encode::pong(id, server_time))
}

/// The reply to `join`, one frame in two pieces; the second is shared by all who
/// are shown the same.
pub(crate) fn joined(reply: JoinReply, room: &RoomId) -> (Bytes, Bytes) {
    let (head, items) = reply.into_json(room);
    (websocket::text_begun(&head, items.len()), items)
}

/// The answer to a command that is not carried out; `retry_after_ms` is when it
/// is worth trying again.
pub(crate) fn refused(
    id: Option<RequestId>,
    refusal: Refusal,
    retry_after_ms: Option<u64>,
) -> Bytes {
    let Refusal { code, message, .. } = refusal;
    error(id, code, message, retry_after_ms)
}

/// An `error`.
pub(crate) fn error(
    id: Option<RequestId>,
    code: ErrorCode,
    message: String,
    retry_after_ms: Option<u64>,
) -> Bytes {
    websocket::text(&encode::error(id, code, message, retry_after_ms))
}

/// Tells a user that they are a member of a room no more, having left it.
pub(crate) fn left(room: &RoomId) -> Bytes {
    websocket::text(&encode::room_told(room, RoomNotice::Left))
}

/// Asks a client to go, and to come back after so many milliseconds.
pub(crate) fn reconnect(after_ms: u64) -> Bytes {
    websocket::text(&encode::reconnect(after_ms))
}
