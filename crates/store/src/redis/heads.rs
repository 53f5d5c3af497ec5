//! What Redis knows of many rooms at once: their heads, which are short strings
//! and read as they are, since a script would cost Redis several times as much.

use fred::{bytes_utils::Str, interfaces::KeysInterface};
use rookery_protocol::{Cursor, Epoch, RoomId, server_frame::RoomKind};

use super::{Redis, failure, grouping::in_order, keys, link::Link};
use crate::{Partition, StoreError, room_name};

/// How many rooms are asked for in one call.
pub(super) const ROOMS_PER_CALL: usize = 500;

/// What Redis knows of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RoomState {
    pub(super) kind: RoomKind,
    /// Whether somebody's role has to be looked up to know it: in all others every member
    /// is one and nothing else.
    pub(super) has_people_of_note: bool,
    pub(super) name: String,
    pub(super) head: Cursor,
    /// When something happened there last, in milliseconds since the Unix epoch.
    pub(super) ts: u64,
    /// Up to this number nothing is to be seen; perhaps beyond it neither.
    pub(super) floor: u64,
}

impl Redis {
    /// See [`crate::Store::heads`].
    pub(crate) async fn heads(&self, rooms: &[RoomId]) -> Result<Vec<Option<Cursor>>, StoreError> {
        let states = read(&self.link, rooms).await?;
        Ok(states
            .into_iter()
            .map(|state| state.map(|state| state.head))
            .collect())
    }
}

/// What Redis knows of many rooms; `None` where there is no such room.
pub(super) async fn read(
    link: &Link,
    rooms: &[RoomId],
) -> Result<Vec<Option<RoomState>>, StoreError> {
    let connection = link.current()?;
    let mut states = Vec::with_capacity(rooms.len());
    for group in connection
        .grouping()
        .split(rooms, |room| Partition::of_room(room))
    {
        for rooms in group.chunks(ROOMS_PER_CALL) {
            let keys: Vec<String> = rooms.iter().map(|(_, room)| keys::head(room)).collect();
            let heads: Vec<Option<Str>> = connection.run(connection.client().mget(keys)).await?;
            if heads.len() != rooms.len() {
                return Err(failure::nonsense("a list of rooms"));
            }
            states.extend(heads.into_iter().zip(rooms).map(|(head, &(place, room))| {
                (place, head.and_then(|head| RoomState::read(&head, room)))
            }));
        }
    }
    in_order(rooms.len(), states).ok_or_else(|| failure::nonsense("a list of rooms"))
}

impl RoomState {
    /// Reads a head as `head.lua` writes it; `None` where it is damaged.
    fn read(head: &str, room: &RoomId) -> Option<Self> {
        let mut words = head.splitn(6, ' ');
        let epoch = words.next()?;
        // What may stand behind the epoch is of no use here.
        let epoch = epoch.split(',').next()?;
        let seq = words.next()?.parse().ok()?;
        let (ts, past) = (words.next()?.parse().ok()?, words.next()?);
        let floor = past.split(':').next()?;
        let (kind, letters) = kind_and_letters(words.next()?)?;
        let name = words.next()?;
        Some(Self {
            kind,
            has_people_of_note: kind != RoomKind::Public || letters.contains(['r', 'o', 'b', 'm']),
            name: name_of(name, room),
            head: Cursor {
                epoch: Epoch::new(epoch).ok()?,
                seq,
            },
            ts,
            floor: floor.parse().unwrap_or(0),
        })
    }
}

/// What people call a room that is held under this name, or without one.
pub(super) fn name_of(held: &str, room: &RoomId) -> String {
    if held.is_empty() {
        room_name::readable(room)
    } else {
        held.to_owned()
    }
}

/// A kind, and the letters of what is out of the ordinary (`people.lua`).
pub(super) fn kind_and_letters(word: &str) -> Option<(RoomKind, &str)> {
    let (kind, letters) = word.split_once(':').unwrap_or((word, ""));
    Some((room_kind(kind)?, letters))
}

/// The kind of this word.
pub(super) fn room_kind(word: &str) -> Option<RoomKind> {
    [RoomKind::Public, RoomKind::Private, RoomKind::Direct]
        .into_iter()
        .find(|kind| kind.as_str() == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_and_a_damaged_one_is_none() {
        let room = RoomId::new("general").unwrap();
        let read = |head: &str| {
            let state = RoomState::read(head, &room)?;
            let name = state.name.clone();
            Some((state.head.epoch.to_string(), state.head.seq, name))
        };
        let state = |epoch: &str, seq, name: &str| Some((epoch.to_owned(), seq, name.to_owned()));
        assert_eq!(read("k3v9 44 1795 - public "), state("k3v9", 44, "General"));
        assert_eq!(
            read("k3v9 0 1795 300:0:0:20:2:x direct A b c"),
            state("k3v9", 0, "A b c")
        );
        assert_eq!(
            read("k3v9,a1:40,b2:7 44 1795 - public "),
            state("k3v9", 44, "General")
        );
        for damaged in [
            "",
            "x",
            "k3v9 44 1795 - public",
            "k3v9 x 1795 - public ",
            "k3v9 4 5 - odd ",
        ] {
            assert_eq!(read(damaged), None, "{damaged:?}");
        }
    }
}
