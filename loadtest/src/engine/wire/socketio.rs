//! Socket.IO 4 over WebSocket alone: Engine.IO packets (`0` open, `2` ping, `3`
//! pong, `4` message) that carry Socket.IO packets (`0` connect, `2` event, `3`
//! acknowledgement, `4` refusal).

use super::{
    Incoming, Join,
    scan::{after, number, until_quote},
};
use crate::engine::{ids::MessageNumber, marker};

/// Asks for the default namespace.
const CONNECT: &[u8] = b"40";
const PONG: &[u8] = b"3";

/// The acknowledgement of a join carries no room, so its number says which.
pub(super) fn join(out: &mut Vec<u8>, join: Join<'_>) {
    out.extend_from_slice(format!(r#"42{}["join",{{"room":""#, join.room.0).as_bytes());
    out.extend_from_slice(join.name.as_bytes());
    out.extend_from_slice(br#"","name":""#);
    out.extend_from_slice(join.user.as_bytes());
    out.extend_from_slice(br#""}]"#);
}

pub(super) fn send(out: &mut Vec<u8>, room: &str, number: MessageNumber, text_bytes: usize) {
    out.extend_from_slice(br#"42["send",{"room":""#);
    out.extend_from_slice(room.as_bytes());
    out.extend_from_slice(br#"","text":""#);
    marker::write_text(out, number, text_bytes);
    out.extend_from_slice(br#""}]"#);
}

#[inline]
pub(super) fn read(frame: &[u8]) -> Incoming<'_> {
    match frame {
        [b'4', b'2', event @ ..] => message(event),
        [b'2', ..] => Incoming::Answer(PONG),
        [b'0', ..] => Incoming::Answer(CONNECT),
        [b'4', b'0', ..] => Incoming::Ready,
        [b'4', b'3', acknowledged @ ..] => joined(acknowledged),
        [b'4', b'4', why @ ..] => Incoming::TurnedAway(why),
        _ => Incoming::Other,
    }
}

fn joined(acknowledged: &[u8]) -> Incoming<'_> {
    match number(acknowledged) {
        Some((_, rest)) => Incoming::Joined {
            room: &acknowledged[..acknowledged.len() - rest.len()],
            snapshot: None,
        },
        None => Incoming::Other,
    }
}

#[inline]
fn message(event: &[u8]) -> Incoming<'_> {
    if !event.starts_with(br#"["message","#) {
        return Incoming::Other;
    }
    let room = after(event, br#""room":""#).and_then(until_quote);
    match (marker::find(event), room) {
        (Some((number, _)), Some((room, _))) => Incoming::Message {
            number,
            room,
            seq: None,
        },
        _ => Incoming::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ids::RoomIndex;

    #[test]
    fn the_packets_of_a_connection_in_their_order() {
        assert_eq!(
            read(br#"0{"sid":"x","upgrades":[],"pingInterval":25000}"#),
            Incoming::Answer(b"40")
        );
        assert_eq!(read(br#"40{"sid":"y"}"#), Incoming::Ready);
        assert_eq!(
            read(br#"4312[{"room":"k-12"}]"#),
            Incoming::Joined {
                room: b"12",
                snapshot: None
            }
        );
        assert_eq!(
            read(br#"42["message",{"room":"k-12","from":"u","text":"@@000000ff@@x"}]"#),
            Incoming::Message {
                number: MessageNumber(255),
                room: b"k-12",
                seq: None
            }
        );
        assert_eq!(read(b"2"), Incoming::Answer(b"3"));
        assert!(matches!(
            read(br#"44{"message":"no"}"#),
            Incoming::TurnedAway(_)
        ));
    }

    #[test]
    fn what_is_said_is_an_event_with_a_number() {
        let mut out = Vec::new();
        let room = RoomIndex(12);
        let since = None;
        join(
            &mut out,
            Join {
                room,
                name: "k-12",
                user: "u",
                since,
            },
        );
        assert!(out.starts_with(b"4212["));
        let said: serde_json::Value = serde_json::from_slice(&out[4..]).unwrap();
        assert_eq!(said[1]["room"], "k-12");
    }
}
