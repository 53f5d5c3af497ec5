//! The durable events of a room.
//!
//! A node knows everything of a new event but its number and time; those are
//! given by the store in the same step that stores it. So an event is born as
//! an [`EventBody`], the JSON fields that the node knows, and the store puts
//! the head before them. The finished JSON is what every client receives, to
//! the byte: nobody parses or encodes an event again on its way, and it lies in
//! memory once for the log and the recent events of a node.

use bytes::Bytes;
use serde::Serialize;

use crate::{Nonce, RoomId, User};

/// What happened. The kinds are a closed set; a log holds all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// Somebody wrote.
    Message,
    /// A message got another text.
    Edited,
    /// A message was taken back.
    Deleted,
    /// Reactions were set or taken away.
    Reacted,
    /// A message was pinned, or is so no more.
    Pinned,
    /// Somebody's membership or role changed.
    Member,
    /// The room itself changed: its name, its rules.
    Changed,
}

impl EventKind {
    /// All kinds. A folder of the embedded engine has their places: more come at the end.
    pub const ALL: [Self; 7] = [
        Self::Message,
        Self::Edited,
        Self::Deleted,
        Self::Reacted,
        Self::Member,
        Self::Changed,
        Self::Pinned,
    ];

    /// The `type` of the frame.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Edited => "edited",
            Self::Deleted => "deleted",
            Self::Reacted => "reacted",
            Self::Pinned => "pinned",
            Self::Member => "member",
            Self::Changed => "changed",
        }
    }
}

/// An event that has no number yet: its kind, and its own fields as JSON
/// without the braces (`"from":{…},"text":"…"`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventBody {
    /// What happened.
    pub kind: EventKind,
    /// The fields, never empty.
    pub fields: Bytes,
}

/// The fields of a `message` that its sender's node knows.
#[derive(Debug, Clone)]
pub struct MessageFields<'a> {
    /// Who wrote it.
    pub from: &'a User,
    /// What was written, already checked and normalised.
    pub text: &'a str,
    /// The sender's own id of the message.
    pub nonce: Option<&'a Nonce>,
    /// The message that this one answers.
    pub reply_to: Option<u64>,
    /// Whatever the application wants to go along, as JSON on one line.
    pub meta: Option<&'a str>,
}

impl EventBody {
    /// The body of a message.
    pub fn message(fields: &MessageFields<'_>) -> Self {
        let mut json = Vec::with_capacity(fields.text.len() + 192);
        json.extend_from_slice(br#""from":{"id":"#);
        put_text(&mut json, fields.from.id.as_str());
        json.extend_from_slice(br#","name":"#);
        put_text(&mut json, &fields.from.name);
        json.extend_from_slice(br#"},"text":"#);
        put_text(&mut json, fields.text);
        if let Some(nonce) = fields.nonce {
            json.extend_from_slice(br#","nonce":"#);
            put_text(&mut json, nonce.as_str());
        }
        if let Some(reply_to) = fields.reply_to {
            json.extend_from_slice(br#","reply_to":"#);
            put(&mut json, &reply_to);
        }
        if let Some(meta) = fields.meta {
            json.extend_from_slice(br#","meta":"#);
            json.extend_from_slice(meta.as_bytes());
        }
        Self {
            kind: EventKind::Message,
            fields: json.into(),
        }
    }
}

impl EventBody {
    /// The body of an event whose fields are those of this value, an object that is not
    /// empty.
    pub fn of(kind: EventKind, fields: &impl Serialize) -> Self {
        let mut json = Vec::new();
        put(&mut json, fields);
        // Without its braces.
        let inner = json.get(1..json.len().saturating_sub(1));
        Self {
            kind,
            fields: bytes::Bytes::copy_from_slice(inner.unwrap_or_default()),
        }
    }
}

fn put(json: &mut Vec<u8>, value: &impl Serialize) {
    // Strings, numbers and JSON values only, into memory: nothing here can fail.
    let _ = serde_json::to_writer(json, value);
}

/// Writes a string. Most have nothing to escape: looking at every byte in any
/// case lets the compiler look at many at a time, and the rest is a copy.
fn put_text(json: &mut Vec<u8>, text: &str) {
    let plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    if text.bytes().fold(true, |all, byte| all & plain(byte)) {
        json.push(b'"');
        json.extend_from_slice(text.as_bytes());
        json.push(b'"');
    } else {
        put(json, &text);
    }
}

/// An event of a room's log, finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its number in the room.
    pub seq: u64,
    /// When it is gone, in milliseconds since the Unix epoch.
    pub expires_at: Option<u64>,
    json: Bytes,
}

impl Event {
    /// An event whose JSON is known.
    pub fn new(seq: u64, expires_at: Option<u64>, json: impl Into<Bytes>) -> Self {
        Self {
            seq,
            expires_at,
            json: json.into(),
        }
    }

    /// The JSON object as clients receive it.
    pub fn json(&self) -> &[u8] {
        &self.json
    }

    /// Puts the head that only the store knows before the body.
    ///
    /// The append script of the Redis engine writes the same bytes; the
    /// conformance suite holds the two together.
    pub fn compose(
        room: &RoomId,
        seq: u64,
        ts: u64,
        expires_at: Option<u64>,
        body: &EventBody,
    ) -> Self {
        let (mut seq_digits, mut ts_digits) = (itoa::Buffer::new(), itoa::Buffer::new());
        let mut expires_digits = itoa::Buffer::new();
        let (expires_name, expires) = match expires_at {
            Some(expires_at) => (r#","expires_at":"#, expires_digits.format(expires_at)),
            None => ("", ""),
        };
        let pieces: [&[u8]; 13] = [
            br#"{"type":""#,
            body.kind.as_str().as_bytes(),
            br#"","room":""#,
            room.as_str().as_bytes(),
            br#"","seq":"#,
            seq_digits.format(seq).as_bytes(),
            br#","ts":"#,
            ts_digits.format(ts).as_bytes(),
            expires_name.as_bytes(),
            expires.as_bytes(),
            b",",
            &body.fields,
            b"}",
        ];
        Self {
            seq,
            expires_at,
            json: pieces.concat().into(),
        }
    }

    /// Whether its lifetime is over at `now` (milliseconds since the Unix epoch).
    pub fn expired(&self, now: u64) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{UserId, server_frame::ServerFrame};

    #[test]
    fn a_composed_message_is_the_frame_of_the_protocol() {
        let from = User {
            id: UserId::new("u_7").unwrap(),
            name: "Alex \"A\"".into(),
        };
        let nonce = Nonce::new("01JD8Z").unwrap();
        let body = EventBody::message(&MessageFields {
            from: &from,
            text: "hi\nall",
            nonce: Some(&nonce),
            reply_to: None,
            meta: None,
        });
        let room = RoomId::new("general").unwrap();
        let event = Event::compose(&room, 45, 1_795_300_000_412, None, &body);
        assert_eq!(
            event.json(),
            br#"{"type":"message","room":"general","seq":45,"ts":1795300000412,"from":{"id":"u_7","name":"Alex \"A\""},"text":"hi\nall","nonce":"01JD8Z"}"#
        );
        let ServerFrame::Message(message) = serde_json::from_slice(event.json()).unwrap() else {
            panic!("not a message");
        };
        assert_eq!((message.seq, message.from), (45, from));
    }

    proptest! {
        #[test]
        fn any_text_is_written_as_json(text in any::<String>(), nonce in "[!-~]{1,64}") {
            let from = User {
                id: UserId::new("u").unwrap(),
                name: "U".into(),
            };
            let nonce = Nonce::new(nonce).unwrap();
            let meta = serde_json::json!({"a": [1, "\""]});
            let body = EventBody::message(&MessageFields {
                from: &from,
                text: &text,
                nonce: Some(&nonce),
                reply_to: Some(7),
                meta: Some(&meta.to_string()),
            });
            let json = [b"{", &*body.fields, b"}"].concat();
            let wanted = serde_json::json!({
                "from": from, "text": text, "nonce": nonce, "reply_to": 7, "meta": meta,
            });
            prop_assert_eq!(serde_json::from_slice::<serde_json::Value>(&json).unwrap(), wanted);
        }
    }

    #[test]
    fn a_lifetime_stands_in_the_frame() {
        let body = EventBody {
            kind: EventKind::Deleted,
            fields: Bytes::from_static(b"\"target\":1"),
        };
        let event = Event::compose(&RoomId::new("r").unwrap(), 2, 10, Some(40), &body);
        assert_eq!(
            event.json(),
            br#"{"type":"deleted","room":"r","seq":2,"ts":10,"expires_at":40,"target":1}"#
        );
        assert!(!event.expired(39));
        assert!(event.expired(40));
    }
}
