//! What lies in the database, and under which keys.
//!
//! Every table has bytes for keys and for values, so that the thread that writes
//! need know nothing of what it writes.

use redb::TableDefinition;
use rookery_protocol::{InviteCode, RoomId, UserId};

use crate::Partition;

type Bytes = &'static [u8];

/// One of the tables. Its number stands in batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    /// `mark` → [`Mark`](super::mark::Mark).
    Meta,
    /// Partition and room → [`RoomHead`](super::head::RoomHead).
    Rooms,
    /// Room number and event number → [`Record`](super::record::Record).
    Events,
    /// User and room → up to which number the user has looked at it.
    Members,
    /// User → when all rooms that they made are paid off.
    Made,
    /// Room number, a letter and a user or the name of a rule → what is known of them
    /// (`kept_people.rs`); and code of an invitation → the room.
    People,
    /// User → what people call them.
    Persons,
    /// User → the account and who is logged in, JSON behind a version.
    Accounts,
    /// What a name is compared by → whose it is, JSON behind a version.
    Names,
    /// User → whom they have blocked, JSON behind a version.
    Blocks,
}

impl Table {
    /// All of them; the place of each is its number.
    pub(super) const ALL: [Self; 10] = [
        Self::Meta,
        Self::Rooms,
        Self::Events,
        Self::Members,
        Self::Made,
        Self::People,
        Self::Persons,
        Self::Accounts,
        Self::Names,
        Self::Blocks,
    ];

    pub(super) fn definition(self) -> TableDefinition<'static, Bytes, Bytes> {
        TableDefinition::new(match self {
            Self::Meta => "meta",
            Self::Rooms => "rooms",
            Self::Events => "events",
            Self::Members => "members",
            Self::Made => "made",
            Self::People => "people",
            Self::Persons => "persons",
            Self::Accounts => "accounts",
            Self::Names => "names",
            Self::Blocks => "blocks",
        })
    }
}

/// The one key of [`Table::Meta`].
pub(super) const MARK: &[u8] = b"mark";

/// Stands behind a user's id in keys; no id has it, since it is not UTF-8.
const END: u8 = 0xff;

/// What stands for a room in the keys of its events. A room that is made anew under the
/// same id has another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::embedded) struct RoomNumber(pub(super) u64);

/// Where the head of a room lies.
pub(super) fn room(id: &RoomId) -> Vec<u8> {
    [&[Partition::of_room(id).number()], id.as_str().as_bytes()].concat()
}

/// The id of the room whose head lies there.
pub(super) fn room_of(key: &[u8]) -> Option<RoomId> {
    let id = std::str::from_utf8(key.get(1..)?).ok()?;
    RoomId::new(id).ok()
}

/// Where an event lies.
pub(super) fn event(room: RoomNumber, seq: u64) -> [u8; 16] {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&room.0.to_be_bytes());
    key[8..].copy_from_slice(&seq.to_be_bytes());
    key
}

/// The number of the event that lies there.
pub(super) fn seq_of(key: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(key.get(8..)?.try_into().ok()?))
}

/// Where something of a room's people lies.
pub(super) fn person(room: RoomNumber, key: &[u8]) -> Vec<u8> {
    [&room.0.to_be_bytes(), key].concat()
}

/// What all keys of a room's people are from, and up to.
pub(super) fn people(room: RoomNumber) -> (Vec<u8>, Vec<u8>) {
    (person(room, &[]), person(room, &[END]))
}

/// Where the room of an invitation's code lies: no room has that number.
pub(super) fn code(code: &InviteCode) -> Vec<u8> {
    person(RoomNumber(0), code.as_str().as_bytes())
}

/// Where a membership lies.
pub(super) fn member(user: &UserId, room: &RoomId) -> Vec<u8> {
    [&members_of(user), room.as_str().as_bytes()].concat()
}

/// What the keys of all memberships of a user begin with.
pub(super) fn members_of(user: &UserId) -> Vec<u8> {
    [user.as_str().as_bytes(), &[END]].concat()
}

/// What comes after all keys of [`members_of`] of a user.
pub(super) fn after_members_of(user: &UserId) -> Vec<u8> {
    [user.as_str().as_bytes(), &[END, END]].concat()
}

/// The room of a membership of a user.
pub(super) fn room_of_member(user: &UserId, key: &[u8]) -> Option<RoomId> {
    let id = std::str::from_utf8(key.get(user.as_str().len() + 1..)?).ok()?;
    RoomId::new(id).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_give_back_what_they_were_made_of() {
        let (user, id) = (UserId::new("u").unwrap(), RoomId::new("event:a").unwrap());
        assert_eq!(room_of(&room(&id)).as_ref(), Some(&id));
        assert_eq!(seq_of(&event(RoomNumber(7), 300)), Some(300));
        let key = member(&user, &id);
        assert_eq!(room_of_member(&user, &key), Some(id));
        assert!(members_of(&user) < key && key < after_members_of(&user));
        let other = UserId::new("u1").unwrap();
        assert!(!(members_of(&other)..after_members_of(&other)).contains(&key));
    }

    #[test]
    fn events_lie_in_their_order() {
        let keys = [(1, 2), (1, 256), (2, 1), (256, 0)];
        let keys = keys.map(|(room, seq)| event(RoomNumber(room), seq));
        assert!(keys.is_sorted());
    }
}
