//! The members of a room on one worker, and the frames that wait to be written to them.
//!
//! Frames that become ready together leave in one write: they are frozen into
//! one piece of memory, and the same bytes go to every member.

use std::rc::Rc;

use bytes::{Bytes, BytesMut};
use indexmap::IndexMap;
use rookery_protocol::RoomId;

use super::{ConnectionKey, Worker};
use crate::socket::Connection;

/// How many members are fetched from memory together.
const AT_ONCE: usize = 16;

/// One in so many members is few.
const FEW: usize = 8;

#[derive(Default)]
pub(super) struct LocalRoom {
    members: IndexMap<ConnectionKey, Rc<Connection>>,
    batch: Vec<BatchedFrame>,
}

struct BatchedFrame {
    bytes: Bytes,
    ephemeral: bool,
}

impl Worker {
    pub(crate) fn add_member(&self, room: RoomId, connection: &Rc<Connection>) {
        let mut rooms = self.rooms.borrow_mut();
        rooms
            .entry(room)
            .or_default()
            .members
            .insert(connection.key, Rc::clone(connection));
    }

    pub(crate) fn remove_member(&self, room: &RoomId, connection: ConnectionKey) {
        let mut rooms = self.rooms.borrow_mut();
        let Some(local) = rooms.get_mut(room) else {
            return;
        };
        local.members.swap_remove(&connection);
        if local.members.is_empty() {
            rooms.remove(room);
        }
    }

    /// The members of a room, collected so that each may be dismissed meanwhile.
    pub(super) fn members(&self, room: &RoomId) -> Vec<Rc<Connection>> {
        let rooms = self.rooms.borrow();
        rooms.get(room).map_or_else(Vec::new, |local| {
            local.members.values().map(Rc::clone).collect()
        })
    }

    /// Adds a frame to the room's batch; true if it is the batch's first.
    pub(crate) fn batch(&self, room: &RoomId, bytes: Bytes, ephemeral: bool) -> bool {
        let mut rooms = self.rooms.borrow_mut();
        let Some(local) = rooms.get_mut(room) else {
            return false;
        };
        local.batch.push(BatchedFrame { bytes, ephemeral });
        local.batch.len() == 1
    }

    /// Writes the room's batch to every member.
    pub(crate) fn flush_room(&self, room: &RoomId) {
        let mut rooms = self.rooms.borrow_mut();
        let Some(local) = rooms.get_mut(room).filter(|local| !local.batch.is_empty()) else {
            return;
        };
        let batch = std::mem::take(&mut local.batch);
        let all = join(batch.iter());
        let durable_frames = batch.iter().filter(|frame| !frame.ephemeral).count();
        let durable = match durable_frames {
            0 => Bytes::new(),
            some if some == batch.len() => all.clone(),
            _ => join(batch.iter().filter(|frame| !frame.ephemeral)),
        };
        let first = local.awaiting_answer(&self.unflushed.borrow());
        for &place in &first {
            local.members[place].deliver(&all, &durable, self);
        }
        let mut first = first.into_iter().peekable();
        for (place, connection) in local.members.values().enumerate() {
            if place % AT_ONCE == 0 {
                local.fetch(place..place + AT_ONCE);
            }
            if first.next_if_eq(&place).is_none() {
                connection.deliver(&all, &durable, self);
            }
        }
        let deliveries = batch.len() * local.members.len();
        let bytes = all.len() * local.members.len();
        self.hub.metrics.delivered(deliveries as u64, bytes as u64);
    }
}

impl LocalRoom {
    /// Looks at some members, so that the processor gets them out of memory
    /// all at once and not each when its turn comes: a fifth of what a delivery
    /// costs outside the kernel, a hundredth of the whole.
    fn fetch(&self, places: std::ops::Range<usize>) {
        let places = places.start..places.end.min(self.members.len());
        for connection in self
            .members
            .get_range(places)
            .into_iter()
            .flat_map(|members| members.values())
        {
            connection.fetch();
        }
    }

    /// The places of the members with answers to be written, where they are
    /// few among many. They are served first: whoever waits for an answer to
    /// write on does so while the others are still being served.
    fn awaiting_answer(&self, answered: &[Rc<Connection>]) -> Vec<usize> {
        if answered.len() > self.members.len() / FEW {
            return Vec::new();
        }
        let places = answered.iter();
        let places = places.filter_map(|connection| self.members.get_index_of(&connection.key));
        let mut places: Vec<usize> = places.collect();
        places.sort_unstable();
        places.dedup();
        places
    }
}

/// Frames in one piece; a single one is not copied.
fn join<'a>(mut frames: impl Iterator<Item = &'a BatchedFrame> + Clone) -> Bytes {
    let total: usize = frames.clone().map(|frame| frame.bytes.len()).sum();
    match frames.next() {
        None => Bytes::new(),
        Some(only) if only.bytes.len() == total => only.bytes.clone(),
        Some(first) => {
            let mut joined = BytesMut::with_capacity(total);
            joined.extend_from_slice(&first.bytes);
            frames.for_each(|frame| joined.extend_from_slice(&frame.bytes));
            joined.freeze()
        }
    }
}
