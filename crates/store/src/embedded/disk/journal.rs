//! What is to be written of one room.
//!
//! What happens in a step is gathered here and handed on as one, so that it is written
//! whole or not at all.

use std::sync::Arc;

use rookery_protocol::RoomId;

use super::{
    BatchNumber, Disk, Record, RoomHead, RoomNumber, batch::Batch, loaded::Loaded, tables,
    tables::Table,
};

/// Where a room writes down what happens to it.
#[derive(Debug)]
pub(in crate::embedded) struct Journal {
    disk: Arc<Disk>,
    room: RoomNumber,
    step: Batch,
    /// What the last step is written with.
    last: BatchNumber,
    /// What was read of it.
    #[allow(dead_code, reason = "held for what its drop does")]
    loaded: Option<Loaded>,
}

impl Journal {
    pub(in crate::embedded) fn new(disk: &Arc<Disk>, room: RoomNumber) -> Self {
        Self {
            disk: Arc::clone(disk),
            room,
            step: Batch::default(),
            last: BatchNumber::default(),
            loaded: None,
        }
    }

    /// So many bytes of the room were read, and are in memory as long as this is.
    pub(in crate::embedded) fn count_loaded(&mut self, bytes: usize) {
        self.loaded = Some(self.disk.loaded.count(bytes));
    }

    pub(in crate::embedded) fn room(&self) -> RoomNumber {
        self.room
    }

    pub(in crate::embedded) fn generation(&self) -> u64 {
        self.disk.generation
    }

    /// How long a room that is not used stays in memory.
    pub(in crate::embedded) fn idle_ms(&self) -> u64 {
        self.disk.idle_ms
    }

    /// What the last step is written with.
    pub(in crate::embedded) fn last(&self) -> BatchNumber {
        self.last
    }

    /// Whether everything that happened is written.
    pub(in crate::embedded) fn is_written(&self) -> bool {
        self.step.is_empty() && self.disk.has_written(self.last)
    }

    /// This number is that from now on.
    pub(in crate::embedded) fn put(&mut self, seq: u64, record: &Record<'_>) {
        let key = tables::event(self.room, seq);
        let head = record.head();
        let value = [head.bytes(), record.fields()];
        self.step.put(Table::Events, &key, &value);
    }

    /// Nothing is left of a number.
    pub(in crate::embedded) fn remove(&mut self, seq: u64) {
        let key = tables::event(self.room, seq);
        self.step.remove(Table::Events, &key);
    }

    /// The room is that from now on.
    pub(in crate::embedded) fn put_head(&mut self, id: &RoomId, head: &RoomHead) {
        self.step
            .put(Table::Rooms, &tables::room(id), &[&head.to_bytes()]);
    }

    /// This is known of somebody in the room, or of a rule, from now on.
    pub(in crate::embedded) fn put_person(&mut self, key: &[u8], value: &[&[u8]]) {
        let key = tables::person(self.room, key);
        self.step.put(Table::People, &key, value);
    }

    /// Nothing is known of them.
    pub(in crate::embedded) fn remove_person(&mut self, key: &[u8]) {
        let key = tables::person(self.room, key);
        self.step.remove(Table::People, &key);
    }

    /// The end of a step.
    pub(in crate::embedded) fn flush(&mut self) {
        if !self.step.is_empty() {
            self.last = self.disk.push(&mut self.step);
        }
    }
}
