//! The public rooms, and which rooms are in memory in the order of the directory.
//!
//! Rooms stand there by partition and id. Of those that lie on the disk alone only what is
//! listed is read, and they do not come to memory by that.

use std::{collections::BTreeMap, ops::Bound, sync::Arc};

use parking_lot::Mutex;
use rookery_protocol::{RoomId, UserId, server_frame::RoomKind};

use super::{Embedded, Shared, clock::Now, people::People};
use crate::{
    DirectoryAsked, DirectoryPage, DirectoryPlace, ListedRoom, Partition, Rule, StoreError,
    directory::MOST_LOOKED_AT,
};

type Key = (Partition, RoomId);

/// The rooms in memory, in an order, so that nobody has to look at all of them.
#[derive(Debug, Clone, Default)]
pub(super) struct InOrder(Arc<Mutex<BTreeMap<Key, usize>>>);

/// Has a room stand there as long as it is held.
#[derive(Debug)]
pub(super) struct Entered {
    rooms: InOrder,
    key: Key,
}

impl InOrder {
    /// Enters a room. One that goes and one that is made in its place may both be there for
    /// a moment.
    pub(super) fn enter(&self, id: &RoomId) -> Entered {
        let key = (Partition::of_room(id), id.clone());
        *self.0.lock().entry(key.clone()).or_default() += 1;
        let rooms = self.clone();
        Entered { rooms, key }
    }

    fn after(&self, place: Option<&Key>, limit: usize) -> Vec<Key> {
        let from = place.map_or(Bound::Unbounded, Bound::Excluded);
        let rooms = self.0.lock();
        let behind = rooms.range((from, Bound::Unbounded));
        behind.take(limit).map(|(key, _)| key.clone()).collect()
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let mut rooms = self.rooms.0.lock();
        if let Some(times) = rooms.get_mut(&self.key) {
            *times -= 1;
            if *times == 0 {
                rooms.remove(&self.key);
            }
        }
    }
}

impl Embedded {
    /// See [`crate::Store::directory`].
    pub(crate) async fn directory(
        &self,
        asked: &DirectoryAsked,
    ) -> Result<DirectoryPage, StoreError> {
        let _step = self.shared.step();
        self.shared.directory(asked)
    }
}

impl Shared {
    fn directory(&self, asked: &DirectoryAsked) -> Result<DirectoryPage, StoreError> {
        let after = asked.after.as_ref();
        let after = after.map(|place| (place.partition, place.room.clone()));
        let all = self.places_after(after.as_ref())?;
        let mut page = DirectoryPage::default();
        let mut last = None;
        for (partition, room) in &all {
            if page.rooms.len() == asked.limit {
                page.next = last;
                return Ok(page);
            }
            page.rooms.extend(self.listed(room, asked)?);
            last = Some(DirectoryPlace {
                partition: *partition,
                made: 0,
                room: room.clone(),
            });
        }
        page.next = last.filter(|_| all.len() == MOST_LOOKED_AT);
        Ok(page)
    }

    /// Rooms of any kind behind a place, in memory or not.
    fn places_after(&self, after: Option<&Key>) -> Result<Vec<Key>, StoreError> {
        let mut all = Vec::new();
        // First those on the disk: what is in neither place is in none.
        if let Some(disk) = &self.disk {
            let rooms = disk.rooms_after(after.map(|(_, room)| room), MOST_LOOKED_AT)?;
            let rooms = rooms.into_iter();
            all.extend(rooms.map(|room| (Partition::of_room(&room), room)));
        }
        all.extend(self.in_order.after(after, MOST_LOOKED_AT));
        all.sort_unstable();
        all.dedup();
        all.truncate(MOST_LOOKED_AT);
        Ok(all)
    }

    /// A room as the directory says it; `None` where it is not to be listed.
    fn listed(
        &self,
        id: &RoomId,
        asked: &DirectoryAsked,
    ) -> Result<Option<ListedRoom>, StoreError> {
        let now = Now::read().wall;
        let online = self.presence.count(id);
        if let Some(room) = self.rooms.get(id) {
            let is_it = room.kind == RoomKind::Public && asked.wants(id, &room.name);
            let row = || listed(&room.people, id, &room.name, &asked.reader, now);
            return Ok(is_it.then(row).flatten().map(|row| ListedRoom {
                online,
                last_event_ms: room.last_write(),
                ..row
            }));
        }
        let (Some(disk), Some(head)) = (&self.disk, self.kept_head(id)?) else {
            return Ok(None);
        };
        if head.kind != RoomKind::Public || !asked.wants(id, &head.name) {
            return Ok(None);
        }
        let mut people = People::default();
        disk.people(head.number, |key, value| people.recall(key, value))?;
        let last = self.glance(id)?.map(|glance| glance.head.last_write);
        let row = listed(&people, id, &head.name, &asked.reader, now);
        Ok(row.map(|row| ListedRoom {
            online,
            last_event_ms: last.unwrap_or(head.last_write),
            ..row
        }))
    }
}

/// A public room, unless the reader is banned from it.
fn listed(
    people: &People,
    id: &RoomId,
    name: &str,
    reader: &UserId,
    now: u64,
) -> Option<ListedRoom> {
    people.may_read(RoomKind::Public, reader, now).ok()?;
    Some(ListedRoom {
        room: id.clone(),
        name: name.to_owned(),
        description: people.rules.get(&Rule::Description).cloned(),
        members: people.members.len() as u64,
        online: 0,
        last_event_ms: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_stands_there_as_long_as_one_of_it_is_held() {
        let rooms = InOrder::default();
        let id = |id: &str| RoomId::new(id).unwrap();
        let first = rooms.enter(&id("a"));
        let second = rooms.enter(&id("a"));
        let other = rooms.enter(&id("b"));
        drop(first);
        assert_eq!(rooms.after(None, 9).len(), 2);
        let place = rooms.after(None, 1).pop();
        assert_eq!(rooms.after(place.as_ref(), 9).len(), 1);
        drop((second, other));
        assert!(rooms.0.lock().is_empty());
    }
}
