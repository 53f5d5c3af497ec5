//! What stands behind the fields of a message that never change: its reactions, and whether it
//! is pinned.
//!
//! Both come and go without a change of the message itself. They are changed as bytes, by the
//! same rules here and in the scripts of the store (`tail.lua`). What else a client puts into a
//! message ends with a brace of its own, or a quote.

use std::ops::Range;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::Emoji;

/// Before the reactions, and what says that a message is pinned.
const REACTIONS: &[u8] = br#","reactions":["#;
const PINNED: &[u8] = br#","pinned":true"#;
/// Before an emoji among the reactions.
const EMOJI: &[u8] = br#"{"emoji":""#;
/// What an event begins with that tells of reactions, or of a pin.
const REACTED_EVENT: &[u8] = br#"{"type":"reacted""#;
const PINNED_EVENT: &[u8] = br#"{"type":"pinned""#;

/// An emoji at a message, and how many think so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReactionCount {
    /// What is thought.
    pub emoji: Emoji,
    /// By how many.
    pub count: u64,
    /// Whether whoever is told is one of them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mine: bool,
}

/// What an event changes of what stands behind a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TailChange {
    /// One emoji has this count from now on; 0 is none.
    Count(Emoji, u64),
    /// These are all reactions.
    Reactions(Vec<ReactionCount>),
    /// It is pinned, or no more.
    Pin(bool),
}

/// The fields of both kinds of events.
#[derive(Deserialize)]
struct Told {
    target: u64,
    emoji: Option<Emoji>,
    count: Option<u64>,
    reactions: Option<Vec<ReactionCount>>,
    on: Option<bool>,
}

impl TailChange {
    /// What an event changes, and of which message; `None` where it changes nothing of that.
    pub fn of_event(json: &[u8]) -> Option<(u64, Self)> {
        let reacted = json.starts_with(REACTED_EVENT);
        if !reacted && !json.starts_with(PINNED_EVENT) {
            return None;
        }
        let told: Told = serde_json::from_slice(json).ok()?;
        let change = match (reacted, told.reactions, told.emoji) {
            (false, ..) => Self::Pin(told.on?),
            (true, Some(reactions), _) => Self::Reactions(reactions),
            (true, None, emoji) => Self::Count(emoji?, told.count?),
        };
        Some((told.target, change))
    }

    /// The event of a message with this change.
    pub fn applied_to(&self, message: &[u8]) -> Option<Bytes> {
        let fields = message.strip_suffix(b"}")?;
        let Tail {
            before,
            mut reactions,
            mut pinned,
        } = tail_of(fields);
        match self {
            Self::Pin(on) => pinned = *on,
            Self::Reactions(now) => reactions.clone_from(now),
            Self::Count(emoji, count) => set_count(&mut reactions, emoji, *count),
        }
        Some(
            [&with_tail(before, &reactions, pinned)[..], b"}"]
                .concat()
                .into(),
        )
    }
}

/// So many think so from now on: an emoji that ends goes, one that comes is the last.
pub fn set_count(reactions: &mut Vec<ReactionCount>, emoji: &Emoji, count: u64) {
    let place = reactions.iter().position(|it| it.emoji == *emoji);
    match (place, count) {
        (Some(place), 0) => drop(reactions.remove(place)),
        (Some(place), count) => reactions[place].count = count,
        (None, 0) => {}
        (None, count) => reactions.push(ReactionCount {
            emoji: emoji.clone(),
            count,
            mine: false,
        }),
    }
}

/// What stands behind some fields.
struct Tail<'a> {
    before: &'a [u8],
    reactions: Vec<ReactionCount>,
    pinned: bool,
}

fn tail_of(fields: &[u8]) -> Tail<'_> {
    let unpinned = fields.strip_suffix(PINNED);
    let pinned = unpinned.is_some();
    let fields = unpinned.unwrap_or(fields);
    let place = match fields.ends_with(b"]") {
        true => memchr::memmem::rfind(fields, REACTIONS),
        false => None,
    };
    let list = place.and_then(|at| {
        let list = fields.get(at + REACTIONS.len() - 1..)?;
        Some((at, serde_json::from_slice(list).ok()?))
    });
    match list {
        Some((at, reactions)) => Tail {
            before: &fields[..at],
            reactions,
            pinned,
        },
        None => Tail {
            before: fields,
            reactions: Vec::new(),
            pinned,
        },
    }
}

fn with_tail(before: &[u8], reactions: &[ReactionCount], pinned: bool) -> Vec<u8> {
    let mut fields = before.to_vec();
    if !reactions.is_empty() {
        fields.extend_from_slice(&REACTIONS[..REACTIONS.len() - 1]);
        // Strings and numbers, into memory: nothing here can fail.
        let _ = serde_json::to_writer(&mut fields, reactions);
    }
    if pinned {
        fields.extend_from_slice(PINNED);
    }
    fields
}

/// The reactions to a message, of its fields or of its event; none where it has none.
pub fn reactions_of(json: &[u8]) -> Vec<ReactionCount> {
    tail_of(json.strip_suffix(b"}").unwrap_or(json)).reactions
}

/// Where the reactions stand in the event of a message: of each its emoji, and the closing brace.
pub fn reaction_places(event: &[u8]) -> Vec<(Range<usize>, usize)> {
    let fields = event.strip_suffix(b"}").unwrap_or(event);
    let Tail {
        before, reactions, ..
    } = tail_of(fields);
    let mut at = before.len();
    let behind = |at: usize, sign: &[u8]| {
        let rest = fields.get(at..).unwrap_or_default();
        memchr::memmem::find(rest, sign).map_or(fields.len(), |found| at + found + sign.len())
    };
    let places = reactions.iter().map(|it| {
        // No emoji has a quote or a brace.
        let emoji = behind(at, EMOJI);
        at = behind(emoji, b"}");
        (emoji..emoji + it.emoji.as_str().len(), at - 1)
    });
    places.collect()
}

/// Whether a message is pinned, of its fields or of its event.
pub fn is_pinned(json: &[u8]) -> bool {
    json.strip_suffix(b"}").unwrap_or(json).ends_with(PINNED)
}

/// The fields of a message with these reactions.
pub fn with_reactions(fields: &[u8], reactions: &[ReactionCount]) -> Bytes {
    let Tail { before, pinned, .. } = tail_of(fields);
    with_tail(before, reactions, pinned).into()
}

/// The fields of a message that is pinned, or is not.
pub fn with_pin(fields: &[u8], on: bool) -> Bytes {
    let Tail {
        before, reactions, ..
    } = tail_of(fields);
    with_tail(before, &reactions, on).into()
}

/// The event of a message for somebody who is one of those that think so, as `is_mine` says.
pub fn with_mine(message: &[u8], is_mine: impl Fn(&Emoji) -> bool) -> Bytes {
    let fields = message.strip_suffix(b"}").unwrap_or(message);
    let Tail {
        before,
        mut reactions,
        pinned,
    } = tail_of(fields);
    for reaction in &mut reactions {
        reaction.mine = is_mine(&reaction.emoji);
    }
    [&with_tail(before, &reactions, pinned)[..], b"}"]
        .concat()
        .into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::{Event, EventBody, RoomId, User, UserId, event::MessageFields};

    fn emoji(text: &str) -> Emoji {
        Emoji::new(text).unwrap()
    }

    fn value(json: &[u8]) -> Value {
        serde_json::from_slice(json).unwrap()
    }

    proptest! {
        #[test]
        fn a_message_has_what_was_put_behind_it(
            text in "[ -~\\\\\"{}:,ü\\[\\]]{1,30}",
            meta in proptest::option::of("[a-z\\[\\]]{1,9}"),
            counts in proptest::collection::vec(1..9u64, 0..4),
            pins in any::<bool>(),
        ) {
            let from = User { id: UserId::new("u").unwrap(), name: "U".into() };
            let meta = meta.map(|word| json!({"reactions": [word], "pinned": true}).to_string());
            let fields = MessageFields { from: &from, text: &text, nonce: None, reply_to: None, meta: meta.as_deref() };
            let body = EventBody::message(&fields);
            let room = RoomId::new("r").unwrap();
            let plain = Event::compose(&room, 7, 1, None, &body);
            let reactions: Vec<_> = counts.iter().enumerate().map(|(k, count)| ReactionCount {
                emoji: emoji(["👍", "❤️", ":a:", "👩‍🚀"][k]), count: *count, mine: false,
            }).collect();
            let fields = with_pin(&with_reactions(&body.fields, &reactions), pins);
            prop_assert_eq!(reactions_of(&fields), reactions.clone());
            prop_assert_eq!(is_pinned(&fields), pins);
            let told = Event::compose(&room, 7, 1, None, &EventBody { fields: fields.clone(), ..body.clone() });
            // The same by one event after the other.
            let mut event = plain.json().to_vec();
            for ReactionCount { emoji, count, .. } in &reactions {
                event = TailChange::Count(emoji.clone(), *count).applied_to(&event).unwrap().to_vec();
            }
            event = TailChange::Pin(pins).applied_to(&event).unwrap().to_vec();
            prop_assert_eq!(&event[..], told.json());
            let all = TailChange::Reactions(reactions.clone()).applied_to(plain.json()).unwrap();
            prop_assert_eq!(reactions_of(&all), reactions);
            let without = with_pin(&with_reactions(&fields, &[]), false);
            prop_assert_eq!(&without, &body.fields);
        }
    }

    #[test]
    fn events_say_what_they_change() {
        let of = |json: &str| TailChange::of_event(json.as_bytes());
        let single = r#"{"type":"reacted","room":"r","seq":9,"ts":1,"target":7,"emoji":"👍","on":false,"by":{"id":"u","name":"U"},"count":0}"#;
        let (target, change) = of(single).unwrap();
        assert_eq!((target, &change), (7, &TailChange::Count(emoji("👍"), 0)));
        let message =
            r#"{"type":"message","text":"a","reactions":[{"emoji":"👍","count":1}],"pinned":true}"#;
        let changed = change.applied_to(message.as_bytes()).unwrap();
        assert_eq!(
            value(&changed),
            json!({"type": "message", "text": "a", "pinned": true})
        );
        let together = r#"{"type":"reacted","room":"r","seq":9,"target":7,"reactions":[{"emoji":"👍","count":3}]}"#;
        let (_, change) = of(together).unwrap();
        assert_eq!(
            value(&change.applied_to(&changed).unwrap())["reactions"],
            json!([{"emoji": "👍", "count": 3}])
        );
        let pinned = r#"{"type":"pinned","room":"r","seq":9,"target":7,"on":true}"#;
        assert_eq!(of(pinned), Some((7, TailChange::Pin(true))));
        assert_eq!(of(message), None);
        let mine = with_mine(message.as_bytes(), |_| true);
        assert_eq!(
            value(&mine)["reactions"],
            json!([{"emoji": "👍", "count": 1, "mine": true}])
        );
    }
}
