//! Slow readers that were spared notices of presence, and in which rooms.
//!
//! What they know of who is online may be wrong; once they have taken all that
//! waited for them they are told anew. Only they stand here.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
};

use rookery_chat::delivery::ConnectionKey;
use rookery_protocol::RoomId;

use super::{Connection, Worker};

/// Those of a worker.
pub(super) type Spared = RefCell<HashMap<ConnectionKey, HashSet<RoomId>>>;

impl Worker {
    /// The connection was spared something of the room.
    pub(super) fn note_spared(&self, connection: &Connection, room: &RoomId) {
        let mut spared = self.spared.borrow_mut();
        let rooms = spared.entry(connection.key).or_default();
        if !rooms.contains(room) {
            rooms.insert(room.clone());
        }
    }

    /// The connection has taken all that waited for it.
    pub(super) fn tell_what_was_spared(&self, connection: &Connection) {
        let rooms = self.forget_spared(connection);
        if let (Some(rooms), Some(session)) = (rooms, connection.session.get()) {
            session.tell_who_is_online(rooms);
        }
    }

    /// Forgets what a connection was spared, and says of which rooms it was.
    pub(super) fn forget_spared(&self, connection: &Connection) -> Option<HashSet<RoomId>> {
        let mut spared = self.spared.borrow_mut();
        let rooms = spared.remove(&connection.key)?;
        if spared.is_empty() {
            // What many needed is not kept for the few.
            *spared = HashMap::new();
        }
        Some(rooms)
    }
}
