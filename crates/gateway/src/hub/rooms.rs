//! The rooms that this node follows.

use std::sync::Arc;

use rookery_protocol::{Envelope, RoomId};
use serde_json::value::RawValue;

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

    /// Takes a room out that nobody is in and nobody else holds. False where somebody does.
    pub(super) fn remove_unused(&self, id: &RoomId) -> bool {
        // Under the map's lock nobody can take hold of the room meanwhile.
        let removed = self
            .rooms
            .remove_if(id, |_, room| Arc::strong_count(room) == 1 && room.is_idle());
        if removed.is_some() {
            self.metrics.rooms.set(self.rooms.len() as i64);
        }
        removed.is_some()
    }

    /// Hands an ephemeral frame to the room's sessions here at once, and by
    /// the shared channel to those on other nodes.
    pub(crate) fn tell_everywhere(
        self: &Arc<Self>,
        room: &RoomId,
        kind: &'static str,
        json: &[u8],
    ) {
        if let Some(here) = self.followed_room(room) {
            here.pass_ephemeral(json, &self.workers);
        }
        let Ok(data) = serde_json::from_slice::<&RawValue>(json) else {
            return;
        };
        let envelope = Envelope::ephemeral(&self.server_id, kind, Some(room), data);
        let mut payload = Vec::new();
        envelope.write_line(&mut payload);
        let hub = Arc::clone(self);
        self.background.spawn(async move {
            if let Err(error) = hub.store.publish(payload).await {
                // Whoever would have seen it will see the next one.
                tracing::debug!(%error, kind, "an ephemeral event was not published");
            }
        });
    }
}
