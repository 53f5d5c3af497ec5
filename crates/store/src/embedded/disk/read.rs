//! What is read back.

use std::ops::Bound;

use redb::ReadableDatabase;
use rookery_protocol::{InviteCode, Role, RoomId, UserId, server_frame::RoomRow};

use super::{
    Disk, checksum, failure,
    head::RoomHead,
    record::Record,
    tables::{self, RoomNumber, Table},
};
use crate::{Partition, StoreError, embedded::memberships::UserRooms};

type OpenTable = redb::ReadOnlyTable<&'static [u8], &'static [u8]>;

/// A room as it lies there, at a glance.
#[derive(Debug)]
pub(in crate::embedded) struct Glance {
    pub(in crate::embedded) head: RoomHead,
    /// The first number that is still there.
    pub(in crate::embedded) first: Option<u64>,
    /// When the first of its events is over, if it is one day.
    pub(in crate::embedded) expires_at: Option<u64>,
}

impl Glance {
    /// The room as a member with this role sees it who has looked up to `read`.
    pub(in crate::embedded) fn row(self, room: RoomId, role: Role, read: u64) -> RoomRow {
        let seq = self.head.seq;
        RoomRow {
            room,
            kind: self.head.kind,
            name: self.head.name,
            role: Some(role),
            seq,
            read,
            unread: seq.saturating_sub(read),
            last_ts: self.head.last_write,
        }
    }
}

impl Disk {
    /// What is kept of a room beside its events; `None` where it is not there.
    pub(in crate::embedded) fn room(&self, id: &RoomId) -> Result<Option<RoomHead>, StoreError> {
        if self.is_removed(id) {
            return Ok(None);
        }
        let found = self.get(Table::Rooms, &tables::room(id))?;
        found
            .map(|bytes| RoomHead::read(&bytes).ok_or_else(|| self.damaged("the head of a room")))
            .transpose()
    }

    /// Every event of a room, and what is left of those that are gone, by their numbers.
    pub(in crate::embedded) fn events(
        &self,
        room: RoomNumber,
        mut each: impl FnMut(u64, Record<'_>),
    ) -> Result<(), StoreError> {
        let (from, up_to) = (tables::event(room, 0), tables::event(room, u64::MAX));
        self.read(Table::Events, |table| {
            let mut is_whole = true;
            for entry in table.range::<&[u8]>(&from[..]..=&up_to[..])? {
                let (key, value) = entry?;
                let value = checksum::checked(key.value(), value.value())?;
                match (tables::seq_of(key.value()), Record::read(value)) {
                    (Some(seq), Some(record)) => each(seq, record),
                    _ => is_whole = false,
                }
            }
            Ok(is_whole)
        })?
        .then_some(())
        .ok_or_else(|| self.damaged("an event"))
    }

    /// Everything that is known of a room's people; `each` says whether it makes sense.
    pub(in crate::embedded) fn people(
        &self,
        room: RoomNumber,
        mut each: impl FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), StoreError> {
        let (from, up_to) = tables::people(room);
        self.read(Table::People, |table| {
            let mut is_whole = true;
            for entry in table.range::<&[u8]>(&from[..]..&up_to[..])? {
                let (key, value) = entry?;
                let value = checksum::checked(key.value(), value.value())?;
                is_whole &= key.value().get(8..).is_some_and(|key| each(key, value));
            }
            Ok(is_whole)
        })?
        .then_some(())
        .ok_or_else(|| self.damaged("what is known of a member"))
    }

    /// What is known of somebody in a room.
    pub(in crate::embedded) fn person(
        &self,
        room: RoomNumber,
        key: &[u8],
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.get(Table::People, &tables::person(room, key))
    }

    /// A room as it lies there, without reading all of it.
    pub(in crate::embedded) fn glance(&self, id: &RoomId) -> Result<Option<Glance>, StoreError> {
        let Some(mut head) = self.room(id)? else {
            return Ok(None);
        };
        let number = head.number;
        let (from, up_to) = (tables::event(number, 0), tables::event(number, u64::MAX));
        let (first, last) = self.read(Table::Events, |table| {
            let mut events = table.range::<&[u8]>(&from[..]..=&up_to[..])?;
            let last = match events.next_back() {
                None => None,
                Some(entry) => {
                    let (key, value) = entry?;
                    let record = Record::read(checksum::checked(key.value(), value.value())?);
                    tables::seq_of(key.value()).zip(record.map(|record| record.ts))
                }
            };
            let mut first = None;
            for entry in table.range::<&[u8]>(&from[..]..=&up_to[..])? {
                let (key, value) = entry?;
                let value = checksum::checked(key.value(), value.value())?;
                let event = Record::read(value).and_then(|record| record.event);
                if let Some((seq, event)) = tables::seq_of(key.value()).zip(event) {
                    first = Some((seq, event.expires_at));
                    break;
                }
            }
            Ok((first, last))
        })?;
        if let Some((seq, ts)) = last {
            head.seq = head.seq.max(seq);
            head.last_write = head.last_write.max(ts);
        }
        Ok(Some(Glance {
            head,
            first: first.map(|(seq, _)| seq),
            expires_at: first.and_then(|(_, expires_at)| expires_at),
        }))
    }

    /// The rooms of a partition.
    pub(in crate::embedded) fn rooms_in(
        &self,
        partition: Partition,
    ) -> Result<Vec<RoomId>, StoreError> {
        let number = partition.number();
        let (from, up_to) = ([number], [number + 1]);
        let rooms: Vec<_> = self.read(Table::Rooms, |table| {
            let mut rooms = Vec::new();
            for entry in table.range::<&[u8]>(&from[..]..&up_to[..])? {
                rooms.extend(tables::room_of(entry?.0.value()));
            }
            Ok(rooms)
        })?;
        Ok(rooms
            .into_iter()
            .filter(|room| !self.is_removed(room))
            .collect())
    }

    /// At most so many rooms after one, in the order of keys.
    pub(in crate::embedded) fn rooms_after(
        &self,
        room: Option<&RoomId>,
        limit: usize,
    ) -> Result<Vec<RoomId>, StoreError> {
        let after = room.map(tables::room);
        let from = match &after {
            Some(key) => Bound::Excluded(&key[..]),
            None => Bound::Unbounded,
        };
        self.read(Table::Rooms, |table| {
            let mut rooms = Vec::new();
            for entry in table.range::<&[u8]>((from, Bound::Unbounded))?.take(limit) {
                rooms.extend(tables::room_of(entry?.0.value()));
            }
            Ok(rooms)
        })
    }

    /// The rooms that a user is a member of.
    pub(in crate::embedded) fn rooms_of(&self, user: &UserId) -> Result<UserRooms, StoreError> {
        let (from, up_to) = (tables::members_of(user), tables::after_members_of(user));
        self.read(Table::Members, |table| {
            let mut rooms = UserRooms::new();
            for entry in table.range::<&[u8]>(&from[..]..&up_to[..])? {
                let (key, value) = entry?;
                let room = tables::room_of_member(user, key.value());
                let value = checksum::checked(key.value(), value.value())?;
                rooms.extend(room.zip(number(value)));
            }
            Ok(rooms)
        })
    }

    /// When all rooms that a user has made are paid off.
    pub(in crate::embedded) fn paid_at(&self, user: &UserId) -> Result<Option<u64>, StoreError> {
        let found = self.get(Table::Made, user.as_str().as_bytes())?;
        Ok(found.and_then(|bytes| number(&bytes)))
    }

    /// What people call a user.
    pub(in crate::embedded) fn name_of(&self, user: &UserId) -> Result<Option<String>, StoreError> {
        let found = self.get(Table::Persons, user.as_str().as_bytes())?;
        Ok(found.and_then(|bytes| String::from_utf8(bytes).ok()))
    }

    /// The room to which a code of an invitation leads.
    pub(in crate::embedded) fn room_of_code(
        &self,
        code: &InviteCode,
    ) -> Result<Option<RoomId>, StoreError> {
        let found = self.get(Table::People, &tables::code(code))?;
        let found = found.and_then(|bytes| String::from_utf8(bytes).ok());
        Ok(found.and_then(|room| RoomId::new(room).ok()))
    }

    /// Everybody who was heard of, and what people call them.
    pub(in crate::embedded) fn each_person(
        &self,
        mut each: impl FnMut(&UserId, &str),
    ) -> Result<(), StoreError> {
        self.read(Table::Persons, |table| {
            for entry in table.range::<&[u8]>(..)? {
                let (key, value) = entry?;
                let value = checksum::checked(key.value(), value.value())?;
                let user = str::from_utf8(key.value()).ok();
                let user = user.and_then(|id| UserId::new(id).ok());
                if let (Some(user), Ok(name)) = (user, str::from_utf8(value)) {
                    each(&user, name);
                }
            }
            Ok(())
        })
    }

    pub(super) fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(table, |table| {
            let found = table.get(key)?;
            let value = found
                .as_ref()
                .map(|value| checksum::checked(key, value.value()));
            Ok(value.transpose()?.map(<[u8]>::to_vec))
        })
    }

    fn read<T>(
        &self,
        table: Table,
        read: impl FnOnce(&OpenTable) -> Result<T, redb::Error>,
    ) -> Result<T, StoreError> {
        let database = self.database.read();
        let Some(database) = &*database else {
            let words = "the data folder is closed".to_owned();
            return Err(StoreError::Unavailable(words));
        };
        let reading = || read(&database.begin_read()?.open_table(table.definition())?);
        failure::caught(reading).map_err(|error| failure::of_call(self.folder.path(), error))
    }

    pub(super) fn damaged(&self, what: &str) -> StoreError {
        let words = format!("{what} makes no sense");
        StoreError::Broken(failure::damaged(self.folder.path(), &words))
    }
}

fn number(bytes: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.try_into().ok()?))
}
