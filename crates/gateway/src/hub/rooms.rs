//! The rooms that this node follows.

use std::sync::Arc;

use rookery_protocol::RoomId;

use super::Hub;
use crate::room::Room;

impl Hub {
    /// The room, followed from now on if it was not.
    pub(crate) fn room(&self, id: &RoomId) -> Arc<Room> {
        if let Some(room) = self.followed_room(id) {
            return room;
        }
        let make = || {
            let budget = Arc::clone(&self.recent);
            Arc::new(Room::new(id.clone(), self.workers.count(), budget))
        };
        let room = Arc::clone(&self.rooms.entry(id.clone()).or_insert_with(make));
        self.metrics.rooms.set(self.rooms.len() as i64);
        room
    }

    /// The room, if it is followed.
    pub(crate) fn followed_room(&self, id: &RoomId) -> Option<Arc<Room>> {
        self.rooms.get(id).map(|room| Arc::clone(&room))
    }

    /// The same by a name that has not been checked.
    pub(super) fn followed_room_named(&self, name: &str) -> Option<Arc<Room>> {
        self.rooms.get(name).map(|room| Arc::clone(&room))
    }

    /// All rooms that are followed now.
    pub(super) fn followed_rooms(&self) -> Vec<Arc<Room>> {
        self.rooms.iter().map(|room| Arc::clone(&room)).collect()
    }

    /// Takes a room out that nobody is in and nobody holds but the caller. False
    /// where somebody does.
    pub(super) fn remove_unused(&self, room: &Arc<Room>) -> bool {
        // Under the map's lock nobody can take hold of the room meanwhile.
        let unused = |_: &_, other: &Arc<Room>| {
            Arc::ptr_eq(room, other) && Arc::strong_count(room) == 2 && room.is_idle()
        };
        let removed = self.rooms.remove_if(&room.id, unused);
        if removed.is_some() {
            self.metrics.rooms.set(self.rooms.len() as i64);
        }
        removed.is_some()
    }
}
