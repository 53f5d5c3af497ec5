//! Reads the frames of a node. Events of kinds that this crate does not know
//! are kept whole, so that they still count in the order of their room.

use std::{borrow::Cow, sync::Arc};

use rookery_protocol::{
    RequestId, RoomId,
    reacted::{Pinned, Reacted},
    server_frame::{
        Deleted, Edited, ErrorFrame, Expiring, Message, NewEpoch, Pong, Presence, Reconnect,
        Snapshot, Typing, Welcome,
    },
};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::account::{AccountSession, Me};

/// An event of a room's log.
#[derive(Debug, Clone, PartialEq)]
pub struct LogEvent {
    /// The room.
    pub room: RoomId,
    /// Its number in the room.
    pub seq: u64,
    /// When it was stored, in milliseconds since the Unix epoch.
    pub ts: u64,
    /// What happened.
    pub content: EventContent,
}

/// What an event of the log says.
#[derive(Debug, Clone, PartialEq)]
pub enum EventContent {
    /// Somebody wrote.
    Message(Box<Message>),
    /// A message got another text.
    Edited(Edited),
    /// A message was taken back.
    Deleted(Deleted),
    /// Reactions to a message changed.
    Reacted(Box<Reacted>),
    /// A message was pinned, or is so no more.
    Pinned(Pinned),
    /// Anything else, as it came.
    Other {
        /// The `type` of the frame.
        kind: String,
        /// The frame.
        frame: serde_json::Value,
    },
}

impl LogEvent {
    /// The message, where the event is one.
    pub fn message(&self) -> Option<&Message> {
        match &self.content {
            EventContent::Message(message) => Some(message),
            _ => None,
        }
    }
}

/// A frame of a node.
#[derive(Debug)]
pub(crate) enum Frame {
    Welcome(Box<Welcome>),
    Ok(Box<OkFrame>),
    Refused(ErrorFrame),
    Pong(Pong),
    Log(LogEvent),
    Typing(Typing),
    Presence(Presence),
    Epoch(NewEpoch),
    Reconnect(Reconnect),
    Expiring(Expiring),
    /// A kind that this crate has no use for.
    Other,
}

/// `ok`, with the events of a resumed room apart from its snapshot.
#[derive(Debug, Default)]
pub(crate) struct OkFrame {
    pub(crate) id: Option<RequestId>,
    pub(crate) seq: Option<u64>,
    pub(crate) ts: Option<u64>,
    pub(crate) duplicate: Option<bool>,
    pub(crate) room: Option<Arc<Snapshot>>,
    /// The whole frame, where it has no snapshot.
    pub(crate) json: Box<str>,
    pub(crate) events: Vec<LogEvent>,
    pub(crate) messages: Option<Vec<Message>>,
    pub(crate) more: Option<bool>,
    pub(crate) expires_at: Option<u64>,
    pub(crate) sessions: Option<Vec<AccountSession>>,
    pub(crate) me: Option<Me>,
}

/// What every frame is told apart by.
#[derive(Deserialize)]
struct Outline<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    room: Option<&'a RawValue>,
    seq: Option<u64>,
    ts: Option<u64>,
}

/// `ok` as it stands on the wire.
#[derive(Deserialize)]
struct Ok<'a> {
    id: Option<RequestId>,
    seq: Option<u64>,
    ts: Option<u64>,
    duplicate: Option<bool>,
    #[serde(borrow)]
    room: Option<&'a RawValue>,
    messages: Option<Vec<Message>>,
    more: Option<bool>,
    expires_at: Option<u64>,
    sessions: Option<Vec<AccountSession>>,
    /// Only what is told of oneself has it.
    hide_receipts: Option<bool>,
}

/// What tells a snapshot from a row of a room.
#[derive(Deserialize)]
struct Shown {
    recovered: Option<bool>,
}

impl Shown {
    fn is_snapshot(&self) -> bool {
        self.recovered.is_some()
    }
}

/// The events in the snapshot of a resumed room, one by one.
#[derive(Deserialize)]
struct Missed<'a> {
    #[serde(borrow, default)]
    events: Option<Vec<&'a RawValue>>,
}

/// A snapshot without its events.
fn snapshot(json: &str) -> serde_json::Result<Snapshot> {
    let mut snapshot: Snapshot = serde_json::from_str(json)?;
    snapshot.events = None;
    Ok(snapshot)
}

impl Frame {
    /// Reads a frame.
    pub(crate) fn parse(json: &str) -> serde_json::Result<Self> {
        let outline: Outline<'_> = serde_json::from_str(json)?;
        Ok(match outline.kind.as_ref() {
            "welcome" => Self::Welcome(serde_json::from_str(json)?),
            "ok" => Self::Ok(Box::new(answer(json)?)),
            "error" => Self::Refused(serde_json::from_str(json)?),
            "pong" => Self::Pong(serde_json::from_str(json)?),
            "typing" => Self::Typing(serde_json::from_str(json)?),
            "presence" => Self::Presence(serde_json::from_str(json)?),
            "epoch" => Self::Epoch(serde_json::from_str(json)?),
            "expiring" => Self::Expiring(serde_json::from_str(json)?),
            "reconnect" => Self::Reconnect(serde_json::from_str(json)?),
            _ => log_event(json, &outline)?.map_or(Self::Other, Self::Log),
        })
    }
}

/// An event of a log has a room, a number and a time; nothing else has all three.
fn log_event(json: &str, outline: &Outline<'_>) -> serde_json::Result<Option<LogEvent>> {
    let (Some(room), Some(seq), Some(ts)) = (outline.room, outline.seq, outline.ts) else {
        return Ok(None);
    };
    let content = match outline.kind.as_ref() {
        "message" => EventContent::Message(serde_json::from_str(json)?),
        "edited" => EventContent::Edited(serde_json::from_str(json)?),
        "deleted" => EventContent::Deleted(serde_json::from_str(json)?),
        "reacted" => EventContent::Reacted(serde_json::from_str(json)?),
        "pinned" => EventContent::Pinned(serde_json::from_str(json)?),
        kind => EventContent::Other {
            kind: kind.to_owned(),
            frame: serde_json::from_str(json)?,
        },
    };
    let room = serde_json::from_str(room.get())?;
    Ok(Some(LogEvent {
        room,
        seq,
        ts,
        content,
    }))
}

fn answer(json: &str) -> serde_json::Result<OkFrame> {
    let ok: Ok<'_> = serde_json::from_str(json)?;
    let mut answer = OkFrame {
        id: ok.id,
        seq: ok.seq,
        ts: ok.ts,
        duplicate: ok.duplicate,
        messages: ok.messages,
        more: ok.more,
        expires_at: ok.expires_at,
        sessions: ok.sessions,
        me: ok
            .hide_receipts
            .map(|_| serde_json::from_str(json))
            .transpose()?,
        ..OkFrame::default()
    };
    match ok.room {
        Some(room) if serde_json::from_str::<Shown>(room.get())?.is_snapshot() => {
            answer.room = Some(Arc::new(snapshot(room.get())?));
            answer.events = missed(room.get())?;
        }
        _ => answer.json = json.into(),
    }
    Ok(answer)
}

fn missed(room: &str) -> serde_json::Result<Vec<LogEvent>> {
    let missed: Missed<'_> = serde_json::from_str(room)?;
    let mut events = Vec::new();
    for json in missed.events.unwrap_or_default() {
        let outline = serde_json::from_str(json.get())?;
        let event = log_event(json.get(), &outline)?;
        events.push(event.ok_or_else(|| {
            <serde_json::Error as serde::de::Error>::custom("an event without room, seq and ts")
        })?);
    }
    Ok(events)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_of_a_later_version_still_counts_in_its_room() {
        let later = r#"{"type":"painted","room":"general","seq":46,"ts":9,"target":45}"#;
        let Frame::Log(event) = Frame::parse(later).unwrap() else {
            panic!("not an event of the log");
        };
        assert_eq!((event.room.as_str(), event.seq), ("general", 46));
        assert!(matches!(event.content, EventContent::Other { kind, frame }
            if kind == "painted" && frame["target"] == 45));
    }

    #[test]
    fn a_row_of_a_room_is_no_event_although_it_has_a_seq() {
        let row = r#"{"type":"room","room":"general","change":"made","seq":4,"name":"General"}"#;
        assert!(matches!(Frame::parse(row).unwrap(), Frame::Other));
        assert!(matches!(
            Frame::parse(r#"{"type":"receipt"}"#).unwrap(),
            Frame::Other
        ));
    }

    #[test]
    fn the_events_of_a_resumed_room_come_apart_from_its_snapshot() {
        let ok = r#"{"type":"ok","id":2,"room":{"room":"general","kind":"public","name":"General",
            "epoch":"k3v9","seq":43,"recovered":true,"events":[
            {"type":"message","room":"general","seq":42,"ts":1,"from":{"id":"u","name":"U"},"text":"a"},
            {"type":"reacted","room":"general","seq":43,"ts":2,"target":42}],
            "online":[{"id":"u_8","name":"Bea"}],"online_count":1}}"#;
        let Frame::Ok(answer) = Frame::parse(ok).unwrap() else {
            panic!("not an answer");
        };
        let seqs: Vec<_> = answer.events.iter().map(|event| event.seq).collect();
        assert_eq!(seqs, [42, 43]);
        assert_eq!(answer.events[0].message().unwrap().text, "a");
        let snapshot = answer.room.unwrap();
        assert!(snapshot.recovered && snapshot.events.is_none());
        assert_eq!(snapshot.online_count, 1);
    }

    #[test]
    fn garbage_is_an_error_and_not_a_panic() {
        for json in ["", "[]", "{}", r#"{"type":1}"#, r#"{"type":"ok","room":7}"#] {
            assert!(Frame::parse(json).is_err(), "{json}");
        }
    }
}
