//! In which rooms each user is a member.

use dashmap::{DashMap, Entry};
use rookery_protocol::{RoomId, UserId};
use smallvec::SmallVec;

/// A user's rooms, ascending, each with the number up to which they have
/// looked at it. Most users are in one, which needs no memory of its own.
pub(super) type Rooms = SmallVec<[(RoomId, u64); 1]>;

/// The rooms of every user; who is in none is not there.
#[derive(Debug, Default)]
pub(super) struct Memberships {
    by_user: DashMap<UserId, Rooms>,
}

impl Memberships {
    /// The rooms of a user.
    pub(super) fn of(&self, user: &UserId) -> Rooms {
        self.by_user
            .get(user)
            .map_or_else(Rooms::new, |rooms| rooms.clone())
    }

    /// Makes a user a member, who has looked at the room up to `seq`; false where
    /// they are a member of `most` others (0 is no limit).
    pub(super) fn remember(&self, user: &UserId, room: &RoomId, seq: u64, most: u64) -> bool {
        let mut rooms = self.by_user.entry(user.clone()).or_default();
        match rooms.binary_search_by(|(other, _)| other.cmp(room)) {
            Ok(at) => rooms[at].1 = seq,
            Err(_) if most != 0 && rooms.len() as u64 >= most => return false,
            Err(at) => rooms.insert(at, (room.clone(), seq)),
        }
        true
    }

    /// Whether a user may become a member of a room where `most` is the limit.
    pub(super) fn may_remember(&self, user: &UserId, room: &RoomId, most: u64) -> bool {
        let rooms = self.of(user);
        most == 0 || (rooms.len() as u64) < most || rooms.iter().any(|(other, _)| other == room)
    }

    /// Ends a membership; there need not be one.
    pub(super) fn forget(&self, user: &UserId, room: &RoomId) {
        if let Entry::Occupied(mut entry) = self.by_user.entry(user.clone()) {
            let rooms = entry.get_mut();
            if let Ok(at) = rooms.binary_search_by(|(other, _)| other.cmp(room)) {
                rooms.remove(at);
            }
            if rooms.is_empty() {
                entry.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_are_in_order_and_each_is_there_once() {
        let memberships = Memberships::default();
        let user = UserId::new("u").unwrap();
        let room = |name: &str| RoomId::new(name).unwrap();
        for (name, seq) in [("b", 1), ("c", 2), ("a", 3), ("b", 4)] {
            assert!(memberships.remember(&user, &room(name), seq, 3));
        }
        let wanted = [(room("a"), 3), (room("b"), 4), (room("c"), 2)];
        assert_eq!(memberships.of(&user).as_slice(), wanted);

        assert!(!memberships.remember(&user, &room("d"), 1, 3));
        assert!(!memberships.may_remember(&user, &room("d"), 3));
        assert!(memberships.may_remember(&user, &room("a"), 3));
        assert!(memberships.may_remember(&user, &room("d"), 0));
        for name in ["b", "nowhere", "a", "c", "c"] {
            memberships.forget(&user, &room(name));
        }
        assert!(memberships.of(&user).is_empty());
        assert!(memberships.by_user.is_empty(), "nothing is kept of nothing");
    }
}
