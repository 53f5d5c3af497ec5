//! The part of a message that an edit changes, and what is told of an edit.
//!
//! Fields of a message stand in one order: who wrote it, its text, when it was edited last, all
//! that never changes. Those of an `edited` event end with the text. So both are changed as
//! bytes, by the same rules here and in the scripts of the store, and nothing is parsed.

use std::ops::Range;

use bytes::Bytes;

/// Behind who wrote a message, or edited it. A quote within a text has a backslash before it,
/// so that this is found nowhere else before the end of them.
const END_OF_AUTHOR: &[u8] = br#""},"text":"#;
/// What the event of an edit begins with, and what stands before its number.
const EDIT: &[u8] = br#"{"type":"edited""#;
const TARGET: &[u8] = br#","target":"#;
/// Before the time of an edit.
const EDITED_AT: &[u8] = br#","edited_at":"#;
/// Before the text of an edit.
const TEXT: &[u8] = br#","text":"#;

/// The text of a message or an edit, as the JSON string that stands in its fields or in its
/// event.
pub fn text_of(json: &[u8]) -> Option<&[u8]> {
    json.get(text_in(json)?)
}

/// The same message with another text, a JSON string, edited at that time in milliseconds
/// since the Unix epoch. Of its fields or of its event; `None` where it has no text.
pub fn edited(json: &[u8], text: &[u8], edited_at: u64) -> Option<Bytes> {
    let Range { start, end } = text_in(json)?;
    let (before, behind) = (json.get(..start)?, json.get(end..)?);
    let behind = behind.strip_prefix(EDITED_AT).map_or(behind, |time| {
        let digits = time.iter().take_while(|byte| byte.is_ascii_digit());
        &time[digits.count()..]
    });
    let edited_at = edited_at.to_string();
    let pieces = [before, text, EDITED_AT, edited_at.as_bytes(), behind];
    Some(pieces.concat().into())
}

/// The number of the message that an event edits; `None` where it is no edit.
pub fn target_of(event: &[u8]) -> Option<u64> {
    if !event.starts_with(EDIT) {
        return None;
    }
    let at = memchr::memmem::find(event, TARGET)? + TARGET.len();
    let digits = event.get(at..)?.iter();
    let digits = digits.take_while(|byte| byte.is_ascii_digit()).count();
    str::from_utf8(event.get(at..at + digits)?)
        .ok()?
        .parse()
        .ok()
}

/// The fields of an edit as they are told, of those that are kept.
pub fn with_text(fields: &[u8], text: &[u8]) -> Bytes {
    [fields, TEXT, text].concat().into()
}

/// The event of an edit with another text than it had, or with none.
pub fn event_with(json: &[u8], text: Option<&[u8]>) -> Bytes {
    let end = match text_in(json) {
        Some(text) => text.start - TEXT.len(),
        None => json.len().saturating_sub(1),
    };
    let before = json.get(..end).unwrap_or_default();
    match text {
        Some(text) => [before, TEXT, text, b"}"].concat().into(),
        None => [before, b"}"].concat().into(),
    }
}

/// Where the text is, with its quotes.
fn text_in(json: &[u8]) -> Option<Range<usize>> {
    let start = memchr::memmem::find(json, END_OF_AUTHOR)? + END_OF_AUTHOR.len();
    if json.get(start) != Some(&b'"') {
        return None;
    }
    let mut at = start + 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', json.get(at..)?)?;
        match json[at] {
            b'"' => return Some(start..at + 1),
            _ => at += 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::{Event, EventBody, EventKind, RoomId, User, UserId, event::MessageFields};

    #[derive(serde::Serialize)]
    struct Edited {
        target: u64,
        by: User,
    }

    fn value(fields: &[u8]) -> Value {
        let json = [b"{", fields, b"}"].concat();
        serde_json::from_slice(&json).unwrap()
    }

    proptest! {
        #[test]
        fn a_text_is_exchanged_whatever_stands_around_it(
            name in "[ -~\\\\\"{}:,ü]{1,20}",
            texts in proptest::collection::vec("[ -~\\\\\"{}:,ü]{1,30}", 3),
            meta in "[ -~\\\\\"{}:,]{1,30}",
        ) {
            let from = User { id: UserId::new("u").unwrap(), name: name.as_str().into() };
            let meta = json!({"text": meta, "edited_at": 7}).to_string();
            let body = EventBody::message(&MessageFields {
                from: &from,
                text: &texts[0],
                nonce: None,
                reply_to: Some(2),
                meta: Some(&meta),
            });
            let mut fields = body.fields.clone();
            let mut wanted = value(&fields);
            for (at, text) in texts.iter().enumerate() {
                let text = serde_json::to_string(text).unwrap();
                fields = edited(&fields, text.as_bytes(), at as u64).unwrap();
                wanted["text"] = serde_json::from_str(&text).unwrap();
                wanted["edited_at"] = at.into();
                prop_assert_eq!(text_of(&fields), Some(text.as_bytes()));
                prop_assert_eq!(value(&fields), wanted.clone());
            }
            let room = RoomId::new("r").unwrap();
            let event = Event::compose(&room, 1, 2, Some(3), &body);
            let first = serde_json::to_string(&texts[1]).unwrap();
            let changed = edited(event.json(), first.as_bytes(), 9).unwrap();
            let changed: Value = serde_json::from_slice(&changed).unwrap();
            prop_assert_eq!(&changed["text"], &json!(texts[1]));
            prop_assert_eq!(&changed["expires_at"], 3);
        }

        #[test]
        fn an_edit_is_told_with_its_text_or_without(
            name in "[ -~\\\\\"{}:,ü]{1,20}",
            text in "[ -~\\\\\"{}:,ü]{1,30}",
        ) {
            let by = User { id: UserId::new("u").unwrap(), name: name.as_str().into() };
            let body = EventBody::of(EventKind::Edited, &Edited { target: 3, by });
            let room = RoomId::new("r").unwrap();
            let kept = Event::compose(&room, 4, 2, None, &body);
            prop_assert_eq!(target_of(kept.json()), Some(3));
            let text = serde_json::to_string(&text).unwrap();
            let fields = with_text(&body.fields, text.as_bytes());
            let told = Event::compose(&room, 4, 2, None, &EventBody { fields, ..body });
            prop_assert_eq!(&event_with(kept.json(), Some(text.as_bytes())), told.json());
            prop_assert_eq!(&event_with(told.json(), None), kept.json());
            let other = event_with(told.json(), Some(b"\"x\""));
            prop_assert_eq!(text_of(&other), Some(&b"\"x\""[..]));
        }
    }

    #[test]
    fn what_has_no_text_is_not_edited() {
        for fields in [
            &br#""from":{"id":"u","name":"U"},"deleted":true"#[..],
            br#""target":3"#,
            br#""from":{"id":"u","name":"U"},"text":"no end\""#,
            b"",
        ] {
            assert_eq!(edited(fields, b"\"x\"", 1), None);
        }
    }
}
