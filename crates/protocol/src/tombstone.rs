//! What is left of a message that was deleted: who wrote it.

use bytes::Bytes;

use crate::UserId;

/// Behind who wrote a message. A quote within a text has a backslash before it, so that this
/// is found nowhere else before the end of them.
const END_OF_AUTHOR: &[u8] = br#""},"text":"#;

/// What the event of a deleted message ends with, and no other: what else a client puts into
/// a message ends with a brace of its own.
const DELETED: &[u8] = br#","deleted":true}"#;

/// Whether a user wrote the message that has these fields.
pub fn is_author(fields: &[u8], user: &UserId) -> bool {
    let id = serde_json::to_string(user.as_str()).unwrap_or_default();
    let author = format!(r#""from":{{"id":{id},"name":"#);
    fields.starts_with(author.as_bytes())
}

/// The fields of a deleted message, of those that it had.
pub fn tombstone(fields: &[u8]) -> Bytes {
    let end = memchr::memmem::find(fields, END_OF_AUTHOR);
    let mut left = end.map_or_else(Vec::new, |end| [&fields[..end + 2], b","].concat());
    left.extend_from_slice(br#""deleted":true"#);
    left.into()
}

/// The event of a deleted message, of the event that it had.
pub fn event(json: &[u8]) -> Bytes {
    let end = memchr::memmem::find(json, END_OF_AUTHOR);
    match end.and_then(|end| json.get(..end + 2)) {
        Some(before) => [before, DELETED].concat().into(),
        // It is one already.
        None => Bytes::copy_from_slice(json),
    }
}

/// Whether the event of a message says that it is deleted.
pub fn is_tombstone(json: &[u8]) -> bool {
    json.ends_with(DELETED)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::{EventBody, User, event::MessageFields};

    proptest! {
        #[test]
        fn who_wrote_it_is_left_whatever_they_are_called(
            id in "[!-~ü ]{1,20}",
            name in "[ -~\\\\\"{}:,ü]{1,20}",
            text in "[ -~\\\\\"{}:,]{1,30}",
        ) {
            let from = User { id: UserId::new(&id).unwrap(), name: name.into() };
            let fields = MessageFields { from: &from, text: &text, nonce: None, reply_to: None, meta: None };
            let body = EventBody::message(&fields);
            prop_assert!(is_author(&body.fields, &from.id));
            let other = UserId::new(format!("{id}x")).unwrap();
            prop_assert!(!is_author(&body.fields, &other));
            let left = [b"{", &tombstone(&body.fields)[..], b"}"].concat();
            let left: Value = serde_json::from_slice(&left).unwrap();
            prop_assert_eq!(left, serde_json::json!({"from": from, "deleted": true}));
        }
    }
}
