//! What small chat servers on bare WebSockets speak: `join`, `joined`, `send`
//! and `message`, JSON in text frames. Nothing is numbered or acknowledged.

use super::{
    Incoming, Join,
    layout::Layouts,
    scan::{after, until_quote},
};
use crate::engine::{ids::MessageNumber, marker};

pub(super) fn join(out: &mut Vec<u8>, join: Join<'_>) {
    out.extend_from_slice(br#"{"type":"join","room":""#);
    out.extend_from_slice(join.name.as_bytes());
    out.extend_from_slice(br#"","name":""#);
    out.extend_from_slice(join.user.as_bytes());
    out.extend_from_slice(br#""}"#);
}

pub(super) fn send(out: &mut Vec<u8>, room: &str, number: MessageNumber, text_bytes: usize) {
    out.extend_from_slice(br#"{"type":"send","room":""#);
    out.extend_from_slice(room.as_bytes());
    out.extend_from_slice(br#"","text":""#);
    marker::write_text(out, number, text_bytes);
    out.extend_from_slice(br#""}"#);
}

#[inline]
pub(super) fn read<'a>(frame: &'a [u8], layouts: &mut Layouts) -> Incoming<'a> {
    match layouts.read(frame) {
        Some(found) => Incoming::Message {
            number: found.number,
            room: found.room,
            seq: None,
        },
        None => read_any_order(frame),
    }
}

/// Servers are free to write the fields in another order or with spaces.
#[cold]
fn read_any_order(frame: &[u8]) -> Incoming<'_> {
    let value = |key: &[u8]| {
        let rest = after(frame, key)?;
        let start = rest.iter().position(|byte| !b" :".contains(byte))?;
        until_quote(rest[start..].strip_prefix(b"\"")?)
    };
    let kind = value(br#""type""#).map(|(kind, _)| kind);
    let room = value(br#""room""#).map_or(&[][..], |(room, _)| room);
    match kind {
        Some(b"joined") => Incoming::Joined {
            room,
            snapshot: None,
        },
        Some(b"message") => match marker::find(frame) {
            Some((number, _)) => Incoming::Message {
                number,
                room,
                seq: None,
            },
            None => Incoming::Other,
        },
        Some(b"error") => Incoming::TurnedAway(frame),
        _ => Incoming::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(frame: &[u8]) -> Incoming<'_> {
        super::read(frame, &mut Layouts::new())
    }

    #[test]
    fn a_message_is_known_in_any_order_of_fields() {
        for frame in [
            &br#"{"type":"message","room":"r","from":"u","text":"@@0000000a@@xx"}"#[..],
            br#"{"room":"r","from":"u","text":"@@0000000a@@xx","type":"message"}"#,
            br#"{"type": "message", "text": "@@0000000a@@xx", "room": "r"}"#,
        ] {
            assert_eq!(
                read(frame),
                Incoming::Message {
                    number: MessageNumber(10),
                    room: b"r",
                    seq: None
                }
            );
        }
    }

    #[test]
    fn joining_is_answered_with_the_room() {
        assert_eq!(
            read(br#"{"type":"joined","room":"r"}"#),
            Incoming::Joined {
                room: b"r",
                snapshot: None
            }
        );
    }

    #[test]
    fn what_is_said_is_json() {
        let mut out = Vec::new();
        send(&mut out, "r", MessageNumber(1), 50);
        let said: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(
            (said["type"].as_str(), said["room"].as_str()),
            (Some("send"), Some("r"))
        );
    }
}
