//! The envelopes that the embedded engine puts on its bus.

use std::fmt::Write as _;

use rookery_protocol::{Epoch, Event, EventKind, RoomId, ServerId};

/// The line of a stored event. `None` where its JSON is not UTF-8.
pub(super) fn durable(
    server_id: &ServerId,
    room: &RoomId,
    epoch: &Epoch,
    kind: EventKind,
    event: &Event,
) -> Option<String> {
    let data = std::str::from_utf8(event.json()).ok()?;
    let mut line = String::with_capacity(data.len() + 160);
    // Ids need no escaping, and writing into a String cannot fail.
    let _ = write!(
        line,
        r#"{{"server_id":"{server_id}","type":"{}","room":"{room}","epoch":"{epoch}","seq":{},"#,
        kind.as_str(),
        event.seq,
    );
    if let Some(expires_at) = event.expires_at {
        let _ = write!(line, r#""expires_at":{expires_at},"#);
    }
    line.push_str(r#""data":"#);
    line.push_str(data);
    line.push_str("}\n");
    Some(line)
}
