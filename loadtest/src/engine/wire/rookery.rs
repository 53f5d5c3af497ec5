//! Rookery's own protocol: `hello`, `join` and `send` out; `ok`, `error` and
//! numbered events in. The `id` of a `send` is the number of its message.

use super::{
    Incoming, Join,
    layout::Layouts,
    scan::{after, number, until_quote},
    token,
};
use crate::engine::{ids::MessageNumber, marker};

/// What the answer to `join` says about the room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Snapshot<'a> {
    pub(crate) epoch: &'a str,
    /// The number of the last event of the room.
    pub(crate) seq: u32,
    /// Whether it holds exactly what came after the cursor.
    pub(crate) recovered: bool,
    items: &'a [u8],
}

impl<'a> Snapshot<'a> {
    /// The events after the cursor, where there was one that could be served,
    /// ascending: the number of each, and which message of ours it is.
    pub(crate) fn events(&self) -> impl Iterator<Item = (u32, Option<MessageNumber>)> + 'a {
        let mut rest = if self.recovered { self.items } else { &[] };
        std::iter::from_fn(move || {
            let (seq, from_here) = number(after(rest, br#","seq":"#)?)?;
            let end = memchr::memmem::find(from_here, br#","seq":"#).unwrap_or(from_here.len());
            rest = &from_here[end..];
            Some((seq, marker::find(&from_here[..end]).map(|(found, _)| found)))
        })
    }
}

pub(super) fn hello(out: &mut Vec<u8>, secret: &[u8], user: &str) {
    out.extend_from_slice(
        br#"{"type":"hello","id":"h","client":"rookery-loadtest","epochs":true,"token":""#,
    );
    token::write(out, secret, user);
    out.extend_from_slice(br#""}"#);
}

pub(super) fn join(out: &mut Vec<u8>, join: Join<'_>) {
    let name = join.name;
    out.extend_from_slice(br#"{"type":"join","id":"j","room":""#);
    out.extend_from_slice(name.as_bytes());
    match join.since {
        Some((epoch, seq)) => out.extend_from_slice(
            format!(r#"","since":{{"epoch":"{epoch}","seq":{seq}}}}}"#).as_bytes(),
        ),
        None => out.extend_from_slice(br#""}"#),
    }
}

pub(super) fn send(out: &mut Vec<u8>, room: &str, number: MessageNumber, text_bytes: usize) {
    let id = number.0;
    out.extend_from_slice(br#"{"type":"send","id":"#);
    out.extend_from_slice(id.to_string().as_bytes());
    out.extend_from_slice(br#","room":""#);
    out.extend_from_slice(room.as_bytes());
    out.extend_from_slice(br#"","text":""#);
    marker::write_text(out, number, text_bytes);
    out.extend_from_slice(format!(r#"","nonce":"n{id:08x}"}}"#).as_bytes());
}

#[inline]
pub(super) fn read<'a>(frame: &'a [u8], layouts: &mut Layouts) -> Incoming<'a> {
    if let Some(found) = layouts.read(frame)
        && let Some(rest) = found.behind_room.strip_prefix(br#","seq":"#)
        && let Some((seq, _)) = number(rest)
    {
        return Incoming::Message {
            number: found.number,
            room: found.room,
            seq: Some(seq),
        };
    }
    read_rare(frame)
}

fn read_rare(frame: &[u8]) -> Incoming<'_> {
    let Some((kind, rest)) = frame.strip_prefix(br#"{"type":""#).and_then(until_quote) else {
        return Incoming::Other;
    };
    match kind {
        b"ok" => answered(rest),
        b"error" => refused(rest),
        b"reconnect" => come_back(rest).unwrap_or(Incoming::Other),
        b"epoch" => epoch(rest).unwrap_or(Incoming::Other),
        b"message" | b"edited" | b"deleted" | b"reacted" | b"member" => event(rest),
        _ => Incoming::Other,
    }
}

fn answered(rest: &[u8]) -> Incoming<'_> {
    if let Some((id, _)) = rest.strip_prefix(br#","id":"#).and_then(number) {
        return Incoming::Acknowledged(MessageNumber(id));
    }
    joined(rest).unwrap_or(Incoming::Other)
}

fn joined(rest: &[u8]) -> Option<Incoming<'_>> {
    let (room, rest) = until_quote(rest.strip_prefix(br#","id":"j","room":{"room":""#)?)?;
    let (epoch, rest) = until_quote(after(rest, br#","epoch":""#)?)?;
    let (seq, rest) = number(after(rest, br#","seq":"#)?)?;
    let recovered = after(rest, br#""recovered":"#)?.starts_with(b"true");
    let items = after(rest, br#","events":["#).unwrap_or_default();
    let snapshot = Some(Snapshot {
        epoch: str::from_utf8(epoch).ok()?,
        seq,
        recovered,
        items,
    });
    Some(Incoming::Joined { room, snapshot })
}

fn refused(rest: &[u8]) -> Incoming<'_> {
    let id = rest.strip_prefix(br#","id":"#);
    match id.and_then(number) {
        Some((id, rest)) => Incoming::Refused {
            number: MessageNumber(id),
            why: rest.strip_prefix(b",").unwrap_or(rest),
        },
        None => Incoming::TurnedAway(rest.strip_prefix(b",").unwrap_or(rest)),
    }
}

fn come_back(rest: &[u8]) -> Option<Incoming<'_>> {
    let (after_ms, _) = number(after(rest, br#""after_ms":"#)?)?;
    Some(Incoming::ComeBack { after_ms })
}

/// When what was refused is worth trying again.
pub(crate) fn retry_after_ms(refusal: &[u8]) -> Option<u32> {
    let (ms, _) = number(after(refusal, br#""retry_after_ms":"#)?)?;
    Some(ms)
}

fn epoch(rest: &[u8]) -> Option<Incoming<'_>> {
    let (room, rest) = until_quote(rest.strip_prefix(br#","room":""#)?)?;
    let (epoch, _) = until_quote(rest.strip_prefix(br#","epoch":""#)?)?;
    let epoch = str::from_utf8(epoch).ok()?;
    Some(Incoming::Epoch { room, epoch })
}

fn event(rest: &[u8]) -> Incoming<'_> {
    let numbered = || {
        let (room, rest) = until_quote(rest.strip_prefix(br#","room":""#)?)?;
        let (seq, _) = number(rest.strip_prefix(br#","seq":"#)?)?;
        Some(Incoming::Event { room, seq })
    };
    numbered().unwrap_or(Incoming::Other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(frame: &[u8]) -> Incoming<'_> {
        super::read(frame, &mut Layouts::new())
    }

    #[test]
    fn another_epoch_is_read() {
        let frame = br#"{"type":"epoch","room":"r-7","epoch":"k4","seq":45}"#;
        assert_eq!(
            read(frame),
            Incoming::Epoch {
                room: b"r-7",
                epoch: "k4"
            }
        );
    }

    #[test]
    fn a_message_is_known_by_its_mark_and_number() {
        let mut frame =
            br#"{"type":"message","room":"r-7","seq":45,"ts":1795300000412,"from":{"id":"u_7","name":"A"},"text":""#
                .to_vec();
        marker::write_text(&mut frame, MessageNumber(77), 40);
        frame.extend(br#"","nonce":"n0000004d"}"#);
        assert_eq!(
            read(&frame),
            Incoming::Message {
                number: MessageNumber(77),
                room: b"r-7",
                seq: Some(45)
            }
        );
    }

    #[test]
    fn messages_of_others_and_other_events_keep_their_numbers() {
        for frame in [
            &br#"{"type":"message","room":"r","seq":4,"ts":1,"from":{"id":"u","name":"A"},"text":"hi"}"#[..],
            br#"{"type":"reacted","room":"r","seq":4,"ts":1,"target":3}"#,
            br#"{"type":"deleted","room":"r","seq":4,"ts":1}"#,
        ] {
            assert_eq!(read(frame), Incoming::Event { room: b"r", seq: 4 });
        }
    }

    #[test]
    fn answers_belong_to_what_they_answer() {
        assert_eq!(
            read(br#"{"type":"ok","id":12,"seq":1,"ts":5,"duplicate":false}"#),
            Incoming::Acknowledged(MessageNumber(12))
        );
        assert_eq!(
            read(br#"{"type":"error","id":12,"code":"rate_limited","message":"slower"}"#),
            Incoming::Refused {
                number: MessageNumber(12),
                why: br#""code":"rate_limited","message":"slower"}"#
            }
        );
        assert_eq!(
            read(br#"{"type":"error","id":"h","code":"unauthenticated","message":"no"}"#),
            Incoming::TurnedAway(br#""id":"h","code":"unauthenticated","message":"no"}"#)
        );
    }

    #[test]
    fn a_node_says_when_to_come_back() {
        assert_eq!(
            read(br#"{"type":"reconnect","after_ms":1234}"#),
            Incoming::ComeBack { after_ms: 1234 }
        );
        let refusal = br#""code":"unavailable","message":"no","retry_after_ms":987}"#;
        assert_eq!(retry_after_ms(refusal), Some(987));
        assert_eq!(
            retry_after_ms(br#""code":"forbidden","message":"no"}"#),
            None
        );
    }

    #[test]
    fn a_snapshot_gives_its_place_and_what_was_missed() {
        let mut frame = br#"{"type":"ok","id":"j","room":{"room":"r-1","kind":"public","name":"R","epoch":"k3","seq":44,"recovered":true,"online":[{"id":"u","name":"A"}],"online_count":1,"events":[{"type":"message","room":"r-1","seq":43,"ts":1,"from":{"id":"u","name":"A"},"text":""#.to_vec();
        marker::write_text(&mut frame, MessageNumber(9), 20);
        frame.extend(br#""},{"type":"reacted","room":"r-1","seq":44,"ts":2}]}}"#);
        let Incoming::Joined {
            room,
            snapshot: Some(snapshot),
        } = read(&frame)
        else {
            panic!("not a join");
        };
        assert_eq!(
            (room, snapshot.epoch, snapshot.seq, snapshot.recovered),
            (&b"r-1"[..], "k3", 44, true)
        );
        let events: Vec<_> = snapshot.events().collect();
        assert_eq!(events, [(43, Some(MessageNumber(9))), (44, None)]);
    }

    #[test]
    fn a_fresh_snapshot_has_no_events_to_count() {
        let frame = br#"{"type":"ok","id":"j","room":{"room":"r","kind":"public","name":"R","epoch":"k3","seq":3,"recovered":false,"online":[],"online_count":0,"messages":[{"type":"message","room":"r","seq":3,"ts":1,"text":"@@00000001@@"}]}}"#;
        let Incoming::Joined {
            snapshot: Some(snapshot),
            ..
        } = read(frame)
        else {
            panic!("not a join");
        };
        assert_eq!((snapshot.seq, snapshot.recovered), (3, false));
        assert_eq!(snapshot.events().count(), 0);
    }

    #[test]
    fn what_is_not_counted_is_let_go() {
        for frame in [
            &br#"{"type":"presence","room":"r","online_count":3}"#[..],
            br#"{"type":"welcome","id":"h","session":"s"}"#,
            b"",
            b"{",
        ] {
            assert_eq!(read(frame), Incoming::Other);
        }
    }

    #[test]
    fn what_is_said_is_json() {
        let mut out = Vec::new();
        hello(&mut out, b"secret", "u-1");
        let said: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(said["type"], "hello");
        out.clear();
        send(&mut out, "r", MessageNumber(255), 60);
        let said: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(said["nonce"], "n000000ff");
        assert_eq!(said["text"].as_str().unwrap().len(), 60);
        out.clear();
        let since = Some(("k3", 7));
        let room = crate::engine::ids::RoomIndex(0);
        join(
            &mut out,
            Join {
                room,
                name: "r",
                user: "u",
                since,
            },
        );
        let said: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(said["since"]["seq"], 7);
    }
}
