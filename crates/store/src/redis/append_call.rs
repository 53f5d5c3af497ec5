//! Many appends as one call of the append script, and its answer taken apart.
//!
//! Appends are grouped by room, in the order in which they came: the script
//! reads and writes each room once.

use std::collections::HashMap;

use bytes::{BufMut, BytesMut};
use fred::{
    bytes_utils::Str,
    types::{Key, Value},
};
use rookery_protocol::{Cursor, Epoch, RoomId, ServerId};

use super::{failure, keys, kind};
use crate::{Append, Retention, StoreError, epoch};

/// Keys of the script before those of rooms.
const FIXED_KEYS: usize = 4;
/// Arguments of the script before those of events and rooms.
const FIXED_ARGS: usize = 7;

/// What the script says of one append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) epoch: Epoch,
    pub(super) seq: u64,
    pub(super) ts: u64,
    /// Whether its nonce was seen before, and nothing was stored.
    pub(super) duplicate: bool,
}

/// What a call is made with.
pub(super) struct Words {
    pub(super) keys: Vec<Key>,
    pub(super) args: Vec<Value>,
}

/// The rooms of a call, each with the positions of its appends: what its answer is read by.
pub(super) struct AppendCall {
    groups: Vec<Group>,
}

struct Group {
    room: RoomId,
    known: Option<Cursor>,
    positions: Vec<usize>,
}

impl AppendCall {
    /// Arranges appends for a call.
    pub(super) fn new<'a>(appends: impl Iterator<Item = &'a Append>) -> Self {
        Self {
            groups: group(appends),
        }
    }

    /// Writes the call of these appends, which are those that it was made of.
    pub(super) fn words(
        &self,
        server_id: &ServerId,
        channel: &Str,
        retention: &Retention,
        appends: &[&Append],
    ) -> Words {
        let groups = &self.groups;
        let mut keys: Vec<Key> = Vec::with_capacity(FIXED_KEYS + 2 * groups.len());
        keys.extend(keys::NONCES.map(Key::from));
        keys.extend([keys::NONCES_TURN, keys::TERM].map(Key::from));
        keys.extend(
            groups
                .iter()
                .map(|group| Key::from(keys::head(&group.room))),
        );
        keys.extend(groups.iter().map(|group| Key::from(keys::log(&group.room))));
        let order = || groups.iter().flat_map(|group| &group.positions);
        let mut args = Vec::with_capacity(FIXED_ARGS + 3 * groups.len() + 2 * appends.len());
        args.push(text(server_id.as_str()));
        args.push(text(retention.max_events.to_string()));
        args.push(text(epoch::half()));
        args.push(text(channel.clone()));
        args.push(text(
            order()
                .map(|&position| kind::letter(appends[position].body.kind))
                .collect::<String>(),
        ));
        args.push(counts(groups));
        args.push(ttls(groups, retention));
        args.extend(order().map(|&position| nonce_field(appends[position])));
        for group in groups {
            args.push(text(group.room.as_str()));
            args.extend(cursor(group.known.as_ref()));
            let of_group = group.positions.iter();
            args.extend(
                of_group.map(|&position| Value::Bytes(appends[position].body.fields.clone())),
            );
        }
        Words { keys, args }
    }

    /// What the answer says of each append, in the order in which they were given.
    pub(super) fn read(&self, answer: &Value) -> Option<Vec<Result<Placed, StoreError>>> {
        let answer = answer.as_str()?;
        let mut lines = answer.split('\n');
        let count = self.groups.iter().map(|group| group.positions.len()).sum();
        let mut placed = Vec::new();
        placed.resize_with(count, || Err(failure::nonsense("an append")));
        for group in &self.groups {
            let epoch = lines.next()?;
            for &position in &group.positions {
                placed[position] = read_line(lines.next()?, epoch, &group.room)?;
            }
        }
        Some(placed)
    }
}

/// The appends by room, rooms in the order of their first append. What is
/// known of a room is what its latest append says.
fn group<'a>(appends: impl Iterator<Item = &'a Append>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut places: HashMap<&RoomId, usize> = HashMap::new();
    for (position, append) in appends.enumerate() {
        let place = *places.entry(&append.room).or_insert_with(|| {
            groups.push(Group {
                room: append.room.clone(),
                known: None,
                positions: Vec::new(),
            });
            groups.len() - 1
        });
        let group = &mut groups[place];
        group.positions.push(position);
        if append.known.is_some() {
            group.known.clone_from(&append.known);
        }
    }
    groups
}

/// How many appends each room has, two bytes each.
fn counts(groups: &[Group]) -> Value {
    let mut counts = BytesMut::with_capacity(2 * groups.len());
    for group in groups {
        // A call has fewer appends than that.
        counts.put_u16(u16::try_from(group.positions.len()).unwrap_or(u16::MAX));
    }
    Value::Bytes(counts.freeze())
}

/// How long the events of each room live, in milliseconds; nothing where all live for good.
fn ttls(groups: &[Group], retention: &Retention) -> Value {
    let ttls = groups.iter().map(|group| retention.ttl_ms(&group.room));
    if ttls.clone().all(|ttl| ttl.is_none()) {
        return fixed("");
    }
    text(
        ttls.map(|ttl| format!("{} ", ttl.unwrap_or(0)))
            .collect::<String>(),
    )
}

fn read_line(line: &str, epoch: &str, room: &RoomId) -> Option<Result<Placed, StoreError>> {
    if line == "-" {
        return Some(Err(StoreError::NoSuchRoom(room.clone())));
    }
    if let Some(words) = line.strip_prefix('!') {
        return Some(Err(failure::script_error(words)));
    }
    let seen_before = line.strip_prefix('=');
    let (seq, ts) = seen_before.unwrap_or(line).split_once('-')?;
    Some(Ok(Placed {
        epoch: Epoch::new(epoch).ok()?,
        seq: seq.parse().ok()?,
        ts: ts.parse().ok()?,
        duplicate: seen_before.is_some(),
    }))
}

/// Epoch and number as two arguments; empty where there is no cursor.
pub(super) fn cursor(cursor: Option<&Cursor>) -> [Value; 2] {
    match cursor {
        Some(cursor) => [text(cursor.epoch.as_str()), text(cursor.seq.to_string())],
        None => [fixed(""), fixed("")],
    }
}

fn nonce_field(append: &Append) -> Value {
    match &append.nonce {
        Some(nonce) => text(format!("{}\0{}\0{}", append.room, append.user, nonce)),
        None => fixed(""),
    }
}

/// A textual argument.
pub(super) fn text(text: impl Into<Str>) -> Value {
    Value::String(text.into())
}

fn fixed(text: &'static str) -> Value {
    Value::String(Str::from_static(text))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use rookery_protocol::{EventBody, EventKind, UserId};

    use super::*;

    fn append(room: &str) -> Append {
        Append {
            room: RoomId::new(room).unwrap(),
            user: UserId::new("u").unwrap(),
            nonce: None,
            body: EventBody {
                kind: EventKind::Message,
                fields: Bytes::from_static(b"\"text\":\"\""),
            },
            known: None,
        }
    }

    #[test]
    fn answers_come_back_in_the_order_of_the_appends() {
        let appends = [
            append("a"),
            append("b"),
            append("a"),
            append("c"),
            append("d"),
        ];
        let call = AppendCall::new(appends.iter());
        let words = call.words(
            &ServerId::new("n").unwrap(),
            &keys::bus(0),
            &Retention::default(),
            &appends.iter().collect::<Vec<_>>(),
        );
        assert_eq!(
            (words.keys.len(), words.args.len()),
            (FIXED_KEYS + 2 * 4, FIXED_ARGS + 4 * 3 + 5 * 2)
        );
        let answer = text("ea\n1-10\n=2-11\neb\n7-10\n\n-\n\n!WRONGTYPE no");
        let placed = call.read(&answer).unwrap();
        let place = |epoch: &str, seq, ts, duplicate| Placed {
            epoch: Epoch::new(epoch).unwrap(),
            seq,
            ts,
            duplicate,
        };
        assert_eq!(placed[0].as_ref().unwrap(), &place("ea", 1, 10, false));
        assert_eq!(placed[1].as_ref().unwrap(), &place("eb", 7, 10, false));
        assert_eq!(placed[2].as_ref().unwrap(), &place("ea", 2, 11, true));
        assert!(matches!(&placed[3], Err(StoreError::NoSuchRoom(room)) if room.as_str() == "c"));
        assert!(
            matches!(&placed[4], Err(StoreError::Broken(words)) if words.contains("WRONGTYPE"))
        );
        assert!(call.read(&text("ea\n1-10")).is_none());
    }
}
