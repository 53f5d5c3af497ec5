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
use ring::digest::{Context, SHA256};
use rookery_protocol::{Cursor, Epoch, RoomId, ServerId};

use super::{denied, failure, keys, kind, read::number};
use crate::{Append, Overwrite, Partition, Replacement, Retention, StoreError, epoch};

/// Keys of the script for each room, without those of its partition.
const KEYS_PER_ROOM: usize = 7;
/// Arguments of the script before those of events and rooms.
const FIXED_ARGS: usize = 8;
/// How many bytes a nonce takes in a log. Two of a room are taken for one with a probability
/// of n² / 2^97 for n that are remembered: 10^-15 for ten million.
pub(super) const NONCE_BYTES: usize = 12;

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
    pub(super) groups: Vec<Group>,
}

/// The appends of a room.
pub(super) struct Group {
    pub(super) room: RoomId,
    partition: Partition,
    pub(super) known: Option<Cursor>,
    pub(super) places: Vec<Place>,
}

/// One append of a call.
pub(super) struct Place {
    /// Where it stood among those of the call.
    pub(super) position: usize,
    /// The number of the message that it overwrites.
    overwrites: Option<u64>,
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
        let partitions = self.partitions();
        let order = || groups.iter().flat_map(|group| &group.places);
        let mut args = Vec::with_capacity(FIXED_ARGS + 3 * groups.len() + 3 * appends.len());
        args.push(text(server_id.as_str()));
        args.push(number(retention.max_messages));
        args.push(text(epoch::half()));
        args.push(text(channel.clone()));
        args.push(text(groups.len().to_string()));
        let letters = order().map(|place| letter_of(appends[place.position]));
        args.push(text(letters.collect::<String>()));
        args.push(counts(groups, &partitions));
        args.push(ttls(groups, retention));
        args.extend(order().map(|place| nonce_field(appends[place.position])));
        args.extend(order().map(|place| text(appends[place.position].user.as_str())));
        for group in groups {
            args.push(text(group.room.as_str()));
            args.extend(cursor(group.known.as_ref()));
            for place in &group.places {
                let append = appends[place.position];
                args.push(Value::Bytes(append.body.fields.clone()));
                if let Some(overwrite) = &append.overwrite {
                    args.push(number(overwrite.seq));
                    args.push(replacement(overwrite));
                }
            }
        }
        Words {
            keys: self.keys(&partitions, retention),
            args,
        }
    }

    /// The partitions of the rooms, each once.
    pub(super) fn partitions(&self) -> Vec<Partition> {
        let mut partitions = Vec::with_capacity(self.groups.len());
        for group in &self.groups {
            if !partitions.contains(&group.partition) {
                partitions.push(group.partition);
            }
        }
        partitions
    }

    fn keys(&self, partitions: &[Partition], retention: &Retention) -> Vec<Key> {
        let rooms = || self.groups.iter().map(|group| &group.room);
        let mut keys = Vec::with_capacity(1 + partitions.len() + KEYS_PER_ROOM * self.groups.len());
        // What the call says of all its rooms stands in the feed of one of their partitions.
        keys.extend(
            partitions
                .first()
                .map(|&first| Key::from(keys::feed(first))),
        );
        keys.extend(partitions.iter().map(|&of| Key::from(keys::partition(of))));
        keys.extend(rooms().map(|room| Key::from(keys::head(room))));
        keys.extend(rooms().map(|room| Key::from(keys::log(room))));
        keys.extend(rooms().map(|room| Key::from(keys::hidden(room))));
        keys.extend(rooms().map(|room| Key::from(keys::members(room))));
        keys.extend(rooms().map(|room| Key::from(keys::rules(room))));
        keys.extend(rooms().map(|room| Key::from(keys::wrote(room))));
        keys.extend(rooms().map(|room| Key::from(keys::reactors(room))));
        let expiring = |group: &&Group| retention.ttl_ms(&group.room).is_some();
        let expiring = self.groups.iter().filter(expiring);
        keys.extend(expiring.map(|group| Key::from(keys::due(group.partition))));
        keys
    }

    /// What the answer says of each append, in the order in which they were given.
    pub(super) fn read(&self, answer: &Value) -> Option<Vec<Result<Placed, StoreError>>> {
        let answer = answer.as_str()?;
        let mut lines = answer.split('\n');
        let count = self.groups.iter().map(|group| group.places.len()).sum();
        let mut placed = Vec::new();
        placed.resize_with(count, || Err(failure::nonsense("an append")));
        for group in &self.groups {
            let epoch = lines.next()?;
            for place in &group.places {
                placed[place.position] = read_line(lines.next()?, epoch, group, place)?;
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
                partition: Partition::of_room(&append.room),
                known: None,
                places: Vec::new(),
            });
            groups.len() - 1
        });
        let group = &mut groups[place];
        group.places.push(Place {
            position,
            overwrites: append.overwrite.as_ref().map(|overwrite| overwrite.seq),
        });
        if append.known.is_some() {
            group.known.clone_from(&append.known);
        }
    }
    groups
}

/// How many appends each room has, two bytes each, and in which partition of the call it lies.
pub(super) fn counts(groups: &[Group], partitions: &[Partition]) -> Value {
    let mut counts = BytesMut::with_capacity(3 * groups.len());
    for group in groups {
        // A call has fewer appends than that.
        counts.put_u16(u16::try_from(group.places.len()).unwrap_or(u16::MAX));
        let partition = partitions
            .iter()
            .position(|&other| other == group.partition);
        // There are fewer partitions than that, and each is there.
        counts.put_u8(partition.map_or(0, |place| place as u8 + 1));
    }
    Value::Bytes(counts.freeze())
}

/// The letter of an event's kind; a capital where it overwrites another.
fn letter_of(append: &Append) -> char {
    let letter = kind::letter(append.body.kind);
    match append.overwrite {
        Some(_) => letter.to_ascii_uppercase(),
        None => letter,
    }
}

/// The text from now on; empty where the message is to be deleted.
fn replacement(overwrite: &Overwrite) -> Value {
    match &overwrite.with {
        Replacement::Text(text) => Value::Bytes(text.clone()),
        Replacement::Deletion => fixed(""),
    }
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

fn read_line(
    line: &str,
    epoch: &str,
    group: &Group,
    place: &Place,
) -> Option<Result<Placed, StoreError>> {
    if line == "-" {
        return Some(Err(StoreError::NoSuchRoom(group.room.clone())));
    }
    if line == "?" {
        return Some(Err(StoreError::NoSuchMessage {
            room: group.room.clone(),
            seq: place.overwrites?,
        }));
    }
    if let Some(why) = line.strip_prefix('^') {
        return Some(Err(StoreError::Denied {
            room: group.room.clone(),
            denied: denied::read(why)?,
        }));
    }
    if let Some(words) = line.strip_prefix('!') {
        return Some(Err(failure::script_error(words)));
    }
    placed(line, epoch).map(Ok)
}

pub(super) fn placed(line: &str, epoch: &str) -> Option<Placed> {
    let seen_before = line.strip_prefix('=');
    let (seq, ts) = seen_before.unwrap_or(line).split_once('-')?;
    Some(Placed {
        epoch: Epoch::new(epoch).ok()?,
        seq: seq.parse().ok()?,
        ts: ts.parse().ok()?,
        duplicate: seen_before.is_some(),
    })
}

/// Epoch and number as two arguments; empty where there is no cursor.
pub(super) fn cursor(cursor: Option<&Cursor>) -> [Value; 2] {
    match cursor {
        Some(cursor) => [text(cursor.epoch.as_str()), text(cursor.seq.to_string())],
        None => [fixed(""), fixed("")],
    }
}

/// A nonce as it stands in a log: `n` and the beginning of a hash of its user and itself.
pub(super) fn nonce_field(append: &Append) -> Value {
    let Some(nonce) = &append.nonce else {
        return fixed("");
    };
    let mut hash = Context::new(&SHA256);
    for word in [append.user.as_str(), "\0", nonce.as_str()] {
        hash.update(word.as_bytes());
    }
    let mut field = BytesMut::with_capacity(1 + NONCE_BYTES);
    field.put_u8(b'n');
    field.put_slice(&hash.finish().as_ref()[..NONCE_BYTES]);
    Value::Bytes(field.freeze())
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
            overwrite: None,
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
        let partitions = call.partitions().len();
        let words = call.words(
            &ServerId::new("n").unwrap(),
            &keys::bus(0),
            &Retention::default(),
            &appends.iter().collect::<Vec<_>>(),
        );
        assert_eq!(
            (words.keys.len(), words.args.len()),
            (
                1 + partitions + KEYS_PER_ROOM * 4,
                FIXED_ARGS + 4 * 3 + 5 * 3
            )
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
