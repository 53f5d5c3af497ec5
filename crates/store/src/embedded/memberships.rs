//! In which rooms each user is a member.
//!
//! Where memberships are kept on the disk as well, memory has those of the users who were
//! asked for lately.

use std::sync::Arc;

use dashmap::{DashMap, Entry, mapref::one::RefMut};
use rookery_protocol::{RoomId, UserId};
use smallvec::SmallVec;

use super::disk::{BatchNumber, Disk};
use crate::StoreError;

/// A user's rooms, ascending, each with the number up to which they have
/// looked at it. Most users are in one, which needs no memory of its own.
pub(super) type UserRooms = SmallVec<[(RoomId, u64); 1]>;

/// The rooms of every user; who is in none is not there.
#[derive(Debug, Default)]
pub(super) struct Memberships {
    by_user: DashMap<UserId, UserRooms>,
    kept: Option<Kept>,
}

/// Where memberships are kept as well, and how it stands with those of the users in memory.
/// Apart from these, so that those who are kept nowhere take no more.
#[derive(Debug)]
struct Kept {
    disk: Arc<Disk>,
    by_user: DashMap<UserId, State>,
}

#[derive(Debug, Default)]
struct State {
    /// What the last change is written with.
    last: BatchNumber,
    /// Whether anybody asked since it was last looked whether this can go.
    used: bool,
}

impl Memberships {
    pub(super) fn new(disk: Option<Arc<Disk>>) -> Self {
        let kept = |disk| Kept {
            disk,
            by_user: DashMap::new(),
        };
        Self {
            by_user: DashMap::new(),
            kept: disk.map(kept),
        }
    }

    /// The rooms of a user, and what the last change of them is written with.
    pub(super) fn of(&self, user: &UserId) -> Result<(UserRooms, BatchNumber), StoreError> {
        if self.kept.is_some() {
            let rooms = self.entered(user)?;
            return Ok((rooms.clone(), self.last(user)));
        }
        let rooms = self.by_user.get(user).map(|rooms| rooms.clone());
        Ok((rooms.unwrap_or_default(), BatchNumber::default()))
    }

    /// Makes a user a member, who has looked at the room up to `seq`; `None` where
    /// they are a member of `most` others (0 is no limit).
    pub(super) fn remember(
        &self,
        user: &UserId,
        room: &RoomId,
        seq: u64,
        most: u64,
    ) -> Result<Option<BatchNumber>, StoreError> {
        let mut rooms = self.entered(user)?;
        match rooms.binary_search_by(|(other, _)| other.cmp(room)) {
            Ok(at) if rooms[at].1 == seq => return Ok(Some(self.last(user))),
            Ok(at) => rooms[at].1 = seq,
            Err(_) if most != 0 && rooms.len() as u64 >= most => return Ok(None),
            Err(at) => rooms.insert(at, (room.clone(), seq)),
        }
        Ok(Some(self.note(user, room, Some(seq))))
    }

    /// Whether a user may become a member of a room where `most` is the limit.
    pub(super) fn may_remember(
        &self,
        user: &UserId,
        room: &RoomId,
        most: u64,
    ) -> Result<bool, StoreError> {
        let (rooms, _) = self.of(user)?;
        let is_member = || rooms.iter().any(|(other, _)| other == room);
        Ok(most == 0 || (rooms.len() as u64) < most || is_member())
    }

    /// Ends a membership; there need not be one.
    pub(super) fn forget(&self, user: &UserId, room: &RoomId) -> Result<BatchNumber, StoreError> {
        if self.kept.is_some() {
            // Read in, so that what is forgotten is not read again before it is written.
            drop(self.entered(user)?);
        }
        let Entry::Occupied(mut entry) = self.by_user.entry(user.clone()) else {
            return Ok(BatchNumber::default());
        };
        let rooms = entry.get_mut();
        let last = match rooms.binary_search_by(|(other, _)| other.cmp(room)) {
            Ok(at) => {
                rooms.remove(at);
                self.note(user, room, None)
            }
            Err(_) => self.last(user),
        };
        if self.kept.is_none() && rooms.is_empty() {
            entry.remove();
        }
        Ok(last)
    }

    /// Lets go of those that are written and were not asked for since the last time.
    pub(super) fn forget_idle(&self) {
        let Some(kept) = &self.kept else {
            return;
        };
        self.by_user.retain(|user, _| {
            let Some(mut state) = kept.by_user.get_mut(user) else {
                return false;
            };
            let stays = std::mem::take(&mut state.used) || !kept.disk.has_written(state.last);
            drop(state);
            if !stays {
                kept.by_user.remove(user);
            }
            stays
        });
    }

    /// Lets go of all; they must be written.
    pub(super) fn forget_all(&self) {
        self.by_user.clear();
        if let Some(kept) = &self.kept {
            kept.by_user.clear();
        }
    }

    /// The rooms of a user who is in memory from now on. As long as they are held nobody
    /// else looks at how it stands with them.
    fn entered(&self, user: &UserId) -> Result<RefMut<'_, UserId, UserRooms>, StoreError> {
        let rooms = match self.by_user.entry(user.clone()) {
            Entry::Occupied(entry) => entry.into_ref(),
            Entry::Vacant(entry) => {
                let kept = self.kept.as_ref();
                let rooms = kept.map(|kept| kept.disk.rooms_of(user)).transpose()?;
                entry.insert(rooms.unwrap_or_default())
            }
        };
        if let Some(kept) = &self.kept {
            kept.by_user.entry(user.clone()).or_default().used = true;
        }
        Ok(rooms)
    }

    /// A membership changed, of a user whose rooms are held.
    fn note(&self, user: &UserId, room: &RoomId, read: Option<u64>) -> BatchNumber {
        let Some(kept) = &self.kept else {
            return BatchNumber::default();
        };
        let last = kept.disk.note_member(user, room, read);
        kept.by_user.entry(user.clone()).or_default().last = last;
        last
    }

    fn last(&self, user: &UserId) -> BatchNumber {
        let kept = self.kept.as_ref();
        let state = kept.and_then(|kept| kept.by_user.get(user));
        state.map(|state| state.last).unwrap_or_default()
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
            let remembered = memberships.remember(&user, &room(name), seq, 3);
            assert!(remembered.unwrap().is_some());
        }
        let wanted = [(room("a"), 3), (room("b"), 4), (room("c"), 2)];
        assert_eq!(memberships.of(&user).unwrap().0.as_slice(), wanted);

        assert!(
            memberships
                .remember(&user, &room("d"), 1, 3)
                .unwrap()
                .is_none()
        );
        assert!(!memberships.may_remember(&user, &room("d"), 3).unwrap());
        assert!(memberships.may_remember(&user, &room("a"), 3).unwrap());
        assert!(memberships.may_remember(&user, &room("d"), 0).unwrap());
        for name in ["b", "nowhere", "a", "c", "c"] {
            memberships.forget(&user, &room(name)).unwrap();
        }
        assert!(memberships.of(&user).unwrap().0.is_empty());
        assert!(memberships.by_user.is_empty(), "nothing is kept of nothing");
    }
}
