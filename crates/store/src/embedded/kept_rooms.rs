//! All rooms that are kept on the disk, in memory or not.

use std::{cell::Cell, sync::Arc};

use dashmap::Entry;
use parking_lot::ReentrantMutexGuard;
use rookery_protocol::{Cursor, Role, RoomId, UserId};

use super::{
    Shared,
    clock::Now,
    disk::{BatchNumber, Disk, Glance, RoomHead},
    nonces::Nonces,
    room::StoredRoom,
};
use crate::{Partition, RoomFigures, StoreError};

/// So many rooms are looked at in one go.
const AT_ONCE: usize = 200;

/// How long a room stays in memory at least.
const UNUSED_MS: u64 = 1_000;

/// How far the rooms that lay there at the start were looked at, for those with something
/// to be let go of: nobody else would come by where nobody uses them.
#[derive(Debug, Default)]
pub(super) struct KeptRooms {
    last: Option<RoomId>,
    done: bool,
}

/// A step during which nobody else takes one; it may have steps of its own.
pub(super) struct Step<'a>(ReentrantMutexGuard<'a, Cell<u32>>);

impl Drop for Step<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl Shared {
    /// What stands for nonces in a room that is made.
    pub(super) fn no_nonces(&self) -> Nonces {
        Nonces::new(self.nonce_key)
    }

    /// The room as it lies on the disk, if it does; entered in the agenda.
    pub(super) fn read_room(&self, id: &RoomId) -> Result<Option<StoredRoom>, StoreError> {
        let Some(disk) = &self.disk else {
            return Ok(None);
        };
        let now = Now::read();
        let somebody = !self.presence.is_empty(id);
        let Some(mut room) = StoredRoom::read(disk, id, &self.retention, somebody, now)? else {
            return Ok(None);
        };
        if !somebody && room.is_over(now) {
            self.note_removed(id, &room);
            return Ok(None);
        }
        self.agenda.enter(id, &mut room, now);
        Ok(Some(room))
    }

    /// A room as it lies there; only of use where it is not in memory.
    pub(super) fn glance(&self, id: &RoomId) -> Result<Option<Glance>, StoreError> {
        let disk = self.disk.as_ref();
        disk.map_or(Ok(None), |disk| disk.glance(id))
    }

    /// What is kept of a room beside its events; only of use where it is not in memory.
    pub(super) fn kept_head(&self, id: &RoomId) -> Result<Option<RoomHead>, StoreError> {
        let disk = self.disk.as_ref();
        disk.map_or(Ok(None), |disk| disk.room(id))
    }

    /// What operators may want to know of a room that is not in memory: it need not come
    /// there for that.
    pub(super) fn figures_of_kept(
        &self,
        id: &RoomId,
        online: u64,
    ) -> Result<Option<RoomFigures>, StoreError> {
        let (Some(disk), Some(Glance { head, .. })) = (&self.disk, self.glance(id)?) else {
            return Ok(None);
        };
        let now = Now::read().wall;
        let (mut messages, mut bytes) = (0, 0);
        disk.events(head.number, |_, record| {
            let event = record
                .event
                .filter(|event| event.expires_at.is_none_or(|at| at > now));
            messages += u64::from(event.is_some_and(|event| event.is_message()));
            bytes += event.map_or(0, |event| event.fields.len() as u64);
        })?;
        Ok(Some(RoomFigures {
            head: Cursor {
                epoch: head.epoch,
                seq: head.seq,
            },
            messages,
            online,
            last_event_ms: head.last_write,
            bytes,
        }))
    }

    /// The room goes. To be called while it is held, so that nobody reads it again.
    pub(super) fn note_removed(&self, id: &RoomId, room: &StoredRoom) -> BatchNumber {
        let forgotten = self.codes.forget(room.people.invites.by_code.keys());
        match (&self.disk, room.number()) {
            (Some(disk), Some(number)) => disk.remove_room(id, number).max(forgotten),
            _ => forgotten,
        }
    }

    /// Takes a room away, and says whether it was there. Who wants it, if that is said, must
    /// have a role.
    pub(super) fn remove(
        &self,
        id: &RoomId,
        by: Option<(&UserId, Role)>,
    ) -> Result<Option<BatchNumber>, StoreError> {
        let may = |room: &StoredRoom| {
            let denied = by.and_then(|(user, least)| room.may_act(user, least).err());
            denied.map_or(Ok(()), |denied| {
                let room = id.clone();
                Err(StoreError::Denied { room, denied })
            })
        };
        let removed = self.take_away(id, may)?;
        if removed.is_some() && by.is_some() {
            self.deleted.note(id.clone());
        }
        Ok(removed)
    }

    fn take_away(
        &self,
        id: &RoomId,
        may: impl Fn(&StoredRoom) -> Result<(), StoreError>,
    ) -> Result<Option<BatchNumber>, StoreError> {
        match self.rooms.entry(id.clone()) {
            Entry::Occupied(entry) => {
                may(entry.get())?;
                let batch = self.note_removed(id, entry.get());
                entry.remove();
                Ok(Some(batch))
            }
            // While the place is held, so that nobody reads it meanwhile.
            Entry::Vacant(_place) => {
                let Some(room) = self.read_room(id)? else {
                    return Ok(None);
                };
                may(&room)?;
                Ok(Some(self.note_removed(id, &room)))
            }
        }
    }

    /// Whether memory is to let go of a room. What is due there later is entered in the agenda.
    pub(super) fn lets_go(&self, id: &RoomId, room: &mut StoredRoom, now: Now) -> bool {
        let idle_ms = self.disk.as_ref().map(|disk| disk.idle_ms());
        idle_ms.is_some_and(|idle_ms| self.lets_go_after(idle_ms, id, room, now))
    }

    fn lets_go_after(&self, idle_ms: u64, id: &RoomId, room: &mut StoredRoom, now: Now) -> bool {
        if !self.presence.is_empty(id) || !room.can_go(idle_ms, now) {
            return false;
        }
        if let Some(due) = room.next_over_kept() {
            self.agenda.enter_kept(id, due);
        }
        true
    }

    /// Lets go of rooms that are not in use just now, where more was read than should be in
    /// memory: whoever looks into one room after the other must not fill it.
    pub(super) fn relieve(&self, now: Now) {
        let Some(disk) = self.disk.as_ref().filter(|disk| disk.is_over_full()) else {
            return;
        };
        let rooms = self.rooms.iter();
        let unused = rooms.filter(|room| room.used + UNUSED_MS <= now.steady);
        let mut unused: Vec<_> = unused.map(|room| (room.used, room.key().clone())).collect();
        unused.sort_unstable();
        for (_, id) in unused {
            if !disk.is_over_full() {
                return;
            }
            let lets_go = |room: &mut StoredRoom| self.lets_go_after(UNUSED_MS, &id, room, now);
            self.rooms.remove_if_mut(&id, |_, room| lets_go(room));
        }
    }

    /// A room that is not in memory is due, or was when it was: looked at, and read where
    /// something is to be let go of.
    pub(super) fn look_at_kept(&self, id: &RoomId, now: Now) {
        match self.due_of_kept(id) {
            Ok(Some(due)) if due <= now.wall => {
                // Reading lets go of what is over.
                if let Err(error) = self.existing(id).map(drop) {
                    tracing::debug!(%error, %id, "nothing was let go of");
                }
            }
            Ok(Some(due)) => self.agenda.enter_kept(id, due),
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, %id, "cannot be looked at"),
        }
    }

    /// When something of a room that is not in memory is to be let go of.
    fn due_of_kept(&self, id: &RoomId) -> Result<Option<u64>, StoreError> {
        let Some(Glance {
            head,
            first,
            expires_at,
        }) = self.glance(id)?
        else {
            return Ok(None);
        };
        let keep_ms = self.retention.keep_ms(id);
        let is_for_good = self.retention.ttl_ms(id).is_none();
        let left = head.left.unwrap_or(0).max(head.last_write);
        let end = match (is_for_good, first) {
            (true, Some(_)) => None,
            (true, None) if keep_ms == 0 => None,
            _ => Some(left + keep_ms),
        };
        Ok([expires_at, end].into_iter().flatten().min())
    }

    /// Looks at some more of the rooms that lay there at the start.
    pub(super) fn walk(&self, kept: &mut KeptRooms, now: Now) {
        let Some(disk) = self.disk.as_ref().filter(|_| !kept.done) else {
            return;
        };
        let _step = self.step();
        let rooms = match disk.rooms_after(kept.last.as_ref(), AT_ONCE) {
            Ok(rooms) => rooms,
            Err(error) => {
                tracing::warn!(%error, "rooms cannot be looked at");
                return;
            }
        };
        for id in &rooms {
            if !self.rooms.contains_key(id) {
                self.look_at_kept(id, now);
            }
        }
        kept.done = rooms.len() < AT_ONCE;
        kept.last = rooms.into_iter().next_back();
    }

    /// The rooms of a partition, ascending.
    pub(super) fn rooms_of(&self, partition: Partition) -> Result<Vec<RoomId>, StoreError> {
        // First those on the disk: what is in neither place is in none.
        let disk = self.disk.as_ref();
        let mut rooms = disk.map_or(Ok(Vec::new()), |disk| disk.rooms_in(partition))?;
        let in_memory = self.rooms.iter().map(|room| room.key().clone());
        rooms.extend(in_memory.filter(|room| Partition::of_room(room) == partition));
        rooms.sort_unstable();
        rooms.dedup();
        Ok(rooms)
    }

    /// For tests: see [`crate::DataSettings::forgetful`]. Nothing else is under way as long
    /// as this is held.
    pub(super) fn step(&self) -> Option<Step<'_>> {
        let disk = self.disk.as_ref().filter(|disk| disk.is_forgetful())?;
        let depth = self.steps.lock();
        if depth.get() == 0 {
            self.forget_all(disk);
        }
        depth.set(depth.get() + 1);
        Some(Step(depth))
    }

    fn forget_all(&self, disk: &Arc<Disk>) {
        self.rooms.iter_mut().for_each(|mut room| room.put_visit());
        disk.forget();
        self.rooms.clear();
        self.memberships.forget_all();
        self.made.forget_all();
        self.persons.forget_written();
        self.codes.forget_written();
        self.documents.forget_written();
    }
}

#[cfg(test)]
mod tests {
    use rookery_protocol::{ServerId, User, UserId, client_frame::HistoryPage};

    use super::*;
    use crate::{
        Append, DataSettings, Join, PresenceChange, Retention, Supervisor, UserLimits,
        embedded::Embedded,
    };

    const IDLE_MS: u64 = 60_000;

    fn after(ms: u64) -> Now {
        let now = Now::read();
        Now {
            wall: now.wall + ms,
            steady: now.steady + ms,
        }
    }

    #[tokio::test]
    async fn memory_has_what_is_in_use() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataSettings {
            loaded_bytes: 1,
            ..DataSettings::new(folder.path().join("data"))
        };
        let (engine, _bus) = Embedded::start(
            Some(&data),
            ServerId::new("n").unwrap(),
            Retention::default(),
            UserLimits::default(),
            crate::AccountTimes::default(),
            true,
            &Supervisor::default(),
        )
        .unwrap();
        let (id, user) = (RoomId::new("a").unwrap(), UserId::new("u").unwrap());
        let join = Join {
            room: id.clone(),
            user: user.clone(),
            since: None,
            limit: 1,
            catch_up: 0,
            create: true,
            known: None,
        };
        engine.join(&join).await.unwrap();
        let append = Append {
            room: id.clone(),
            user: user.clone(),
            nonce: None,
            body: rookery_protocol::EventBody {
                kind: rookery_protocol::EventKind::Message,
                fields: "\"text\":\"x\"".into(),
            },
            known: None,
            overwrite: None,
        };
        engine.append(append).await.unwrap();
        let shared = &engine.shared;
        let presence = |online| PresenceChange {
            room: id.clone(),
            user: User {
                id: user.clone(),
                name: "U".into(),
            },
            online,
        };
        engine.change_presence(&[presence(true)]);
        let disk = shared.disk.clone().unwrap();
        disk.forget();
        shared.sweep(after(IDLE_MS));
        assert!(shared.rooms.contains_key(&id), "somebody is there");
        engine.change_presence(&[presence(false)]);
        shared.sweep(after(2 * IDLE_MS));
        assert!(shared.rooms.contains_key(&id), "not all of it is written");
        disk.forget();
        shared.sweep(after(IDLE_MS - 1000));
        assert!(shared.rooms.contains_key(&id), "it was used lately");
        shared.sweep(after(5 * IDLE_MS));
        assert!(!shared.rooms.contains_key(&id));

        let page = engine
            .history(&id, None, HistoryPage::Before(u64::MAX), 10)
            .await;
        assert_eq!(page.unwrap().messages.len(), 1);
        assert!(shared.rooms.contains_key(&id), "it is back");
        assert!(disk.is_over_full(), "a byte is too much here");
        shared.relieve(after(UNUSED_MS - 500));
        assert!(shared.rooms.contains_key(&id), "it was used just now");
        shared.relieve(after(UNUSED_MS));
        assert!(!shared.rooms.contains_key(&id));
        assert!(!disk.is_over_full(), "nothing is in memory");
    }
}
