//! The members of a room on one worker, grouped by their wires, and the bytes that
//! wait to be written to them.
//!
//! What becomes ready together leaves in one write: it is frozen into one piece of
//! memory for each wire, and the same bytes go to every member that is on it.

use std::rc::Rc;

use bytes::{Bytes, BytesMut};
use rookery_chat::delivery::{ConnectionKey, WireNumber};
use rookery_protocol::RoomId;
use smallvec::SmallVec;

use super::{Connection, Worker, members::Members};

/// How many members are fetched from memory together.
const AT_ONCE: usize = 16;

/// One in so many members is few.
const FEW: usize = 8;

/// Nearly always all members are on one wire.
#[derive(Default)]
pub(super) struct LocalRoom(SmallVec<[Group; 1]>);

/// The members that are on one wire.
struct Group {
    wire: WireNumber,
    members: Members,
    batch: Vec<Batched>,
}

struct Batched {
    bytes: Bytes,
    ephemeral: bool,
}

impl Worker {
    pub(crate) fn add_member(&self, room: RoomId, connection: &Rc<Connection>) {
        let mut rooms = self.rooms.borrow_mut();
        let local = rooms.entry(room).or_default();
        let members = &mut local.group(connection.wire).members;
        members.insert(Rc::clone(connection));
    }

    pub(super) fn remove_member(&self, room: &RoomId, connection: ConnectionKey) {
        let mut rooms = self.rooms.borrow_mut();
        let Some(local) = rooms.get_mut(room) else {
            return;
        };
        for group in &mut local.0 {
            group.members.remove(connection);
        }
        local.0.retain(|group| !group.members.is_empty());
        if local.0.is_empty() {
            rooms.remove(room);
        }
    }

    /// The members of a room, collected so that each may be dismissed meanwhile.
    pub(super) fn members(&self, room: &RoomId) -> Vec<Rc<Connection>> {
        let rooms = self.rooms.borrow();
        rooms.get(room).map_or_else(Vec::new, |local| {
            let groups = local.0.iter();
            let members = groups.flat_map(|group| group.members.all());
            members.map(Rc::clone).collect()
        })
    }

    /// Adds bytes of a wire to the room's batches; true if they are the first there.
    pub(crate) fn batch(
        &self,
        room: &RoomId,
        wire: WireNumber,
        bytes: Bytes,
        ephemeral: bool,
    ) -> bool {
        let mut rooms = self.rooms.borrow_mut();
        let Some(local) = rooms.get_mut(room) else {
            return false;
        };
        let first = local.0.iter().all(|group| group.batch.is_empty());
        let Some(group) = local.0.iter_mut().find(|group| group.wire == wire) else {
            return false;
        };
        group.batch.push(Batched { bytes, ephemeral });
        first
    }

    /// Writes the room's batches to every member.
    pub(crate) fn flush_room(&self, room: &RoomId) {
        let mut rooms = self.rooms.borrow_mut();
        let groups = rooms.get_mut(room).into_iter();
        for group in groups.flat_map(|local| &mut local.0) {
            if !group.batch.is_empty() {
                self.flush_group(room, group);
            }
        }
    }

    fn flush_group(&self, room: &RoomId, group: &mut Group) {
        let batch = std::mem::take(&mut group.batch);
        let all = join(batch.iter());
        let durable_pieces = batch.iter().filter(|piece| !piece.ephemeral).count();
        let durable = match durable_pieces {
            0 => Bytes::new(),
            some if some == batch.len() => all.clone(),
            _ => join(batch.iter().filter(|piece| !piece.ephemeral)),
        };
        let deliver = |connection: &Connection| {
            if connection.deliver(&all, &durable, self) {
                self.note_spared(connection, room);
            }
        };
        let first = group.awaiting_answer(&self.unflushed.borrow());
        for &place in &first {
            deliver(&group.members.all()[place]);
        }
        let mut first = first.into_iter().peekable();
        for (place, connection) in group.members.all().iter().enumerate() {
            if place % AT_ONCE == 0 {
                group.fetch(place..place + AT_ONCE);
            }
            if first.next_if_eq(&place).is_none() {
                deliver(connection);
            }
        }
        let deliveries = batch.len() * group.members.len();
        let bytes = all.len() * group.members.len();
        self.node.metrics.delivered(deliveries as u64, bytes as u64);
    }
}

impl LocalRoom {
    /// The members on this wire, as a group that is made where there is none.
    fn group(&mut self, wire: WireNumber) -> &mut Group {
        let place = self.0.iter().position(|group| group.wire == wire);
        let place = place.unwrap_or_else(|| {
            self.0.push(Group {
                wire,
                members: Members::default(),
                batch: Vec::new(),
            });
            self.0.len() - 1
        });
        &mut self.0[place]
    }
}

impl Group {
    /// Looks at some members, so that the processor gets them out of memory
    /// all at once and not each when its turn comes: a fifth of what a delivery
    /// costs outside the kernel, a hundredth of the whole.
    fn fetch(&self, places: std::ops::Range<usize>) {
        let places = places.start..places.end.min(self.members.len());
        for connection in &self.members.all()[places] {
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
        let places = places.filter_map(|connection| self.members.place_of(connection.key));
        let mut places: Vec<usize> = places.collect();
        places.sort_unstable();
        places.dedup();
        places
    }
}

/// All in one piece; a single one is not copied.
fn join<'a>(mut pieces: impl Iterator<Item = &'a Batched> + Clone) -> Bytes {
    let total: usize = pieces.clone().map(|piece| piece.bytes.len()).sum();
    match pieces.next() {
        None => Bytes::new(),
        Some(only) if only.bytes.len() == total => only.bytes.clone(),
        Some(first) => {
            let mut joined = BytesMut::with_capacity(total);
            joined.extend_from_slice(&first.bytes);
            pieces.for_each(|piece| joined.extend_from_slice(&piece.bytes));
            joined.freeze()
        }
    }
}
