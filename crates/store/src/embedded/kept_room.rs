//! A room that is kept on the disk: written down as it changes, read back when it is used,
//! and let go of when it is not.

use std::{collections::VecDeque, sync::Arc};

use rookery_protocol::RoomId;

use super::{
    clock::Now,
    disk::{BatchNumber, Disk, Journal, Record, RoomHead, RoomNumber},
    hidden::Hidden,
    nonces::{MEMORY_MS, Nonces, Seen},
    people::People,
    reactions::Reactions,
    room::{Stored, StoredRoom},
};
use crate::{Retention, StoreError, epoch};

impl StoredRoom {
    /// A room that is made now, kept from now on.
    pub(super) fn kept(mut self, disk: &Arc<Disk>) -> Self {
        let room = disk.new_room();
        self.journal = Some(Box::new(Journal::new(disk, room)));
        self.put_head();
        self.flush();
        self
    }

    /// Reads back a room; `None` where it is not there. `somebody` says whether anybody is
    /// in it now.
    pub(super) fn read(
        disk: &Arc<Disk>,
        id: &RoomId,
        retention: &Retention,
        somebody: bool,
        now: Now,
    ) -> Result<Option<Self>, StoreError> {
        let Some(head) = disk.room(id)? else {
            return Ok(None);
        };
        let (number, generation) = (head.number, head.generation);
        // Nobody was there to write down that somebody came, or that all had gone.
        let is_otherwise = somebody == head.left.is_some();
        let mut room = Self::of_head(disk, id, head, retention, somebody, now);
        disk.events(number, |seq, record| room.recall(seq, record, now))?;
        disk.people(number, |key, value| {
            room.reactions.recall(key, value) || room.people.recall(key, value)
        })?;
        room.count_loaded();
        if generation != disk.generation() {
            room.fork();
        }
        if is_otherwise {
            room.put_head();
        }
        room.trim(retention);
        room.forget_old(now);
        Ok(Some(room))
    }

    fn of_head(
        disk: &Arc<Disk>,
        id: &RoomId,
        head: RoomHead,
        retention: &Retention,
        somebody: bool,
        now: Now,
    ) -> Self {
        Self {
            kind: head.kind,
            name: head.name,
            ttl_ms: retention.ttl_ms(id),
            epoch: head.epoch,
            forks: head.forks,
            head: head.seq,
            last_write: head.last_write,
            keep_empty_ms: retention.keep_empty_ms,
            left: (!somebody).then(|| head.left.unwrap_or(now.wall)),
            log: VecDeque::new(),
            hidden: Hidden::default(),
            nonces: Nonces::new(disk.nonce_key()),
            people: People::default(),
            reactions: Reactions::default(),
            sweep_at: None,
            used: now.steady,
            journal: Some(Box::new(Journal::new(disk, head.number))),
            visited: false,
            entered: None,
            id: id.clone(),
        }
    }

    fn count_loaded(&mut self) {
        let events = self.log.iter();
        let bytes = events.map(|stored| size_of::<Stored>() + stored.event.json().len());
        let bytes: usize = bytes.sum();
        if let Some(journal) = &mut self.journal {
            journal.count_loaded(size_of::<Self>() + bytes);
        }
    }

    /// Takes back one of its events; in their order.
    fn recall(&mut self, seq: u64, record: Record<'_>, now: Now) {
        let Record { ts, digest, event } = record;
        let is_young = now.wall.saturating_sub(ts) < MEMORY_MS;
        let digest = digest.filter(|_| is_young);
        if let Some(digest) = digest {
            let seen = Seen { seq, ts };
            self.nonces.remember(digest, seen, now.steady_at(ts));
        }
        match event {
            Some(event) => {
                let is_message = event.is_message();
                if !is_message {
                    self.hidden.hide(seq);
                }
                let event = event.compose(&self.id, seq, ts);
                self.log.push_back(Stored { is_message, event });
            }
            None if digest.is_none() => {
                if let Some(journal) = &mut self.journal {
                    journal.remove(seq);
                }
            }
            None => {}
        }
        self.head = self.head.max(seq);
        self.last_write = self.last_write.max(ts);
    }

    /// The end of the log may be lost: it goes on in another epoch.
    fn fork(&mut self) {
        self.forks = self.forks.followed_by(self.head());
        self.epoch = epoch::fresh();
        self.put_head();
    }

    /// Writes down what is kept beside the events.
    pub(super) fn put_head(&mut self) {
        let Some(journal) = &mut self.journal else {
            return;
        };
        let head = RoomHead {
            number: journal.room(),
            kind: self.kind,
            name: self.name.clone(),
            epoch: self.epoch.clone(),
            forks: self.forks.clone(),
            generation: journal.generation(),
            seq: self.head,
            last_write: self.last_write,
            left: self.left,
        };
        journal.put_head(&self.id, &head);
        self.visited = false;
    }

    /// Writes down the last visit, where the room ends by it.
    pub(super) fn put_visit(&mut self) {
        if self.visited && (self.ttl_ms.is_some() || self.log.is_empty()) {
            self.put_head();
            self.flush();
        }
    }

    /// The end of a step: it is to be written, as one.
    pub(super) fn flush(&mut self) {
        if let Some(journal) = &mut self.journal {
            journal.flush();
        }
    }

    /// Which batch the room as it is now is written with.
    pub(super) fn batch(&self) -> BatchNumber {
        let journal = self.journal.as_ref();
        journal.map(|journal| journal.last()).unwrap_or_default()
    }

    /// What its events lie under, if it is kept.
    pub(super) fn number(&self) -> Option<RoomNumber> {
        Some(self.journal.as_ref()?.room())
    }

    /// Somebody uses it.
    pub(super) fn note_use(&mut self, now: Now) {
        self.used = now.steady;
    }

    /// Whether memory can be without it: it has not been used for so long, and all of it
    /// is written.
    pub(super) fn can_go(&mut self, idle_ms: u64, now: Now) -> bool {
        if self.journal.is_none() || self.used + idle_ms > now.steady {
            return false;
        }
        self.put_visit();
        let is_written = self.journal.as_ref().is_some_and(|it| it.is_written());
        if !is_written || self.left.is_none() {
            // To be looked at again.
            self.note_use(now);
            return false;
        }
        true
    }
}
