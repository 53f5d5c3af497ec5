//! The public rooms, as somebody looks for one.
//!
//! They are listed in an order that stays: partition by partition, so that a page begins
//! where the one before ended, whatever was made or went meanwhile. What one page looks at
//! is bounded; where that did not find enough, there is a next one all the same.

use std::fmt;

use rookery_protocol::{RoomId, UserId};

use crate::Partition;

/// At most so many rooms are looked at for a page.
pub(crate) const MOST_LOOKED_AT: usize = 1_000;

/// Which rooms are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryAsked {
    /// Who asks: rooms from which they are banned are left out.
    pub reader: UserId,
    /// What is in the name or the id, in lower case; empty for all.
    pub words: String,
    /// Those after this place.
    pub after: Option<DirectoryPlace>,
    /// At most so many.
    pub limit: usize,
}

impl DirectoryAsked {
    /// Whether a room is one that is looked for.
    pub(crate) fn wants(&self, id: &RoomId, name: &str) -> bool {
        self.words.is_empty()
            || name.to_lowercase().contains(&self.words)
            || id.as_str().to_ascii_lowercase().contains(&self.words)
    }
}

/// Where a room stands in the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryPlace {
    pub(crate) partition: Partition,
    /// What rooms of a partition are ordered by before their ids.
    pub(crate) made: u64,
    pub(crate) room: RoomId,
}

impl fmt::Display for DirectoryPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.partition, self.made, self.room)
    }
}

impl DirectoryPlace {
    /// The place that was written so.
    pub fn read(text: &str) -> Option<Self> {
        let mut words = text.splitn(3, '.');
        let partition = Partition::numbered(words.next()?.parse().ok()?)?;
        let made = words.next()?.parse().ok().filter(|made| *made < 1 << 53)?;
        let room = RoomId::new(words.next()?).ok()?;
        // One that was made up leads nowhere.
        (Partition::of_room(&room) == partition).then_some(Self {
            partition,
            made,
            room,
        })
    }
}

/// A part of the directory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DirectoryPage {
    /// In the order of their places.
    pub rooms: Vec<ListedRoom>,
    /// Where the next page begins, if there may be one.
    pub next: Option<DirectoryPlace>,
}

/// A public room, as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRoom {
    /// The room.
    pub room: RoomId,
    /// What people call it.
    pub name: String,
    /// A few words on it.
    pub description: Option<String>,
    /// How many members there are.
    pub members: u64,
    /// How many users are there now.
    pub online: u64,
    /// When something happened there last, in milliseconds since the Unix epoch.
    pub last_event_ms: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written() {
        for id in ["general", "a.b.c", "dm:x"] {
            let room = RoomId::new(id).unwrap();
            let place = DirectoryPlace {
                partition: Partition::of_room(&room),
                made: 1_795_000_000_000,
                room,
            };
            assert_eq!(DirectoryPlace::read(&place.to_string()), Some(place));
        }
        for odd in [
            "", "1", "1.2", "64.1.a", "x.1.a", "32.x.a", "32.1.", "31.1.a",
        ] {
            assert_eq!(DirectoryPlace::read(odd), None, "{odd}");
        }
    }

    #[test]
    fn words_are_looked_for_in_name_and_id_whatever_their_case() {
        let wants = |words: &str, id: &str, name: &str| {
            let asked = DirectoryAsked {
                reader: UserId::new("u").unwrap(),
                words: words.to_lowercase(),
                after: None,
                limit: 1,
            };
            asked.wants(&RoomId::new(id).unwrap(), name)
        };
        assert!(wants("", "a", "b"));
        assert!(wants("KÜCHE", "r_1", "Die kleine Küche"));
        assert!(wants("R_1", "r_1", "x") && wants("r_1", "R_1", "x"));
        assert!(!wants("flur", "r_1", "Die kleine Küche"));
    }
}
