//! Which part of the store something lies in.
//!
//! Everything of a room lies in one of [`Partition::COUNT`] parts, by a hash of its
//! id, and everything of a user likewise. A step touches one part, so that the parts
//! of one Redis can one day lie on several without a key being renamed. The hash
//! must never change: it stands in every key.

use std::fmt;

use rookery_protocol::{RoomId, UserId};

use crate::Skeleton;

/// A part of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition(u8);

impl Partition {
    /// How many there are.
    pub const COUNT: u8 = 64;

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..Self::COUNT).map(Self)
    }

    /// Where a room lies.
    pub fn of_room(room: &RoomId) -> Self {
        Self::of(room.as_str())
    }

    /// Where what is kept of a user lies.
    pub(crate) fn of_user(user: &UserId) -> Self {
        Self::of(user.as_str())
    }

    /// Where it lies whose a name is.
    pub(crate) fn of_name(name: &Skeleton) -> Self {
        Self::of(name.as_str())
    }

    /// The number that stands in the keys.
    pub fn number(self) -> u8 {
        self.0
    }

    /// The one of this number, if there is one.
    pub fn numbered(number: u8) -> Option<Self> {
        (number < Self::COUNT).then_some(Self(number))
    }

    /// FNV-1a of 32 bits (Fowler, Noll, Vo), whose halves are folded onto each
    /// other: its lowest bits alone mix the least.
    fn of(id: &str) -> Self {
        let hash = id.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        });
        let folded = (hash >> 16) ^ hash;
        Self((folded % u32::from(Self::COUNT)) as u8)
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_keys_never_changes() {
        let of = |id: &str| Partition::of_room(&RoomId::new(id).unwrap()).number();
        assert_eq!(
            ["general", "random", "event:party", "a"].map(of),
            WRITTEN_DOWN
        );
    }

    const WRITTEN_DOWN: [u8; 4] = [18, 45, 55, 32];

    #[test]
    fn rooms_are_spread_over_all_of_them() {
        let mut rooms = [0_u32; Partition::COUNT as usize];
        for number in 0..64_000 {
            let room = RoomId::new(format!("room-{number}")).unwrap();
            rooms[usize::from(Partition::of_room(&room).number())] += 1;
        }
        assert!(
            rooms.iter().all(|rooms| (800..1_200).contains(rooms)),
            "{rooms:?}"
        );
    }
}
