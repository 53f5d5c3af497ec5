//! Asking the store who is in a room, as seldom as possible.

use std::sync::Arc;

use rookery_store::StoreError;

use super::{Rooms, UsedRoom};
use crate::{room::Room, single_flight::Lookup};

/// How often a picture is asked for that is older than what was heard meanwhile.
const MOST_TRIES: u32 = 3;

/// Of how many rooms pictures are asked for at once; the store gives as many as take little.
const ROOMS_AT_ONCE: usize = 256;

impl Rooms {
    /// Sees to it that the room has a picture of who is there, asked for once
    /// by all who need it.
    pub(crate) async fn refresh_roster(
        self: &Arc<Self>,
        room: &Arc<Room>,
    ) -> Result<(), StoreError> {
        let known = || (!room.roster_is_wanting()).then_some(());
        let read = {
            let (rooms, room) = (Arc::clone(self), Arc::clone(room));
            async move { rooms.read_roster(&room).await }
        };
        match room.roster_flights.find((), true, known, read) {
            Lookup::Known(()) => Ok(()),
            Lookup::InFlight(flight) => self.background.carry_out(flight).await,
        }
    }

    /// Takes a fresh picture.
    async fn read_roster(&self, room: &Arc<Room>) -> Result<(), StoreError> {
        for attempt in 1..=MOST_TRIES {
            let online = self.store.online(&room.id).await?;
            // After a fail-over the store's clock may be behind; the last try counts.
            let absence = self.health.store_memory.absence();
            if let Some(enqueue) = room.load_roster(online, absence, attempt == MOST_TRIES) {
                self.enqueue(room, enqueue);
                break;
            }
        }
        Ok(())
    }

    /// The same in the background, where nobody waits for it.
    pub(crate) fn refresh_roster_soon(self: &Arc<Self>, room: Arc<Room>) {
        let (rooms, room) = (Arc::clone(self), UsedRoom::new(self, room));
        self.background.start_soon("roster", async move {
            if let Err(error) = rooms.refresh_roster(&room).await {
                tracing::debug!(room = %room.id, %error, "who is in the room could not be read");
            }
        });
    }

    /// Takes fresh pictures of all rooms, after presence events may have been
    /// missed, many in each call. Nobody else does so meanwhile.
    pub(crate) async fn refresh_all_rosters(&self) -> Result<(), StoreError> {
        let _alone = self.refreshing.lock().await;
        let mut rooms = self.all_followed();
        rooms.retain(|room| !room.forget_roster_if_idle());
        for attempt in 1..=MOST_TRIES {
            rooms = self.read_rosters(&rooms, attempt == MOST_TRIES).await?;
        }
        Ok(())
    }

    /// Gives the rooms of which something later was heard meanwhile.
    async fn read_rosters(
        &self,
        mut rooms: &[Arc<Room>],
        insist: bool,
    ) -> Result<Vec<Arc<Room>>, StoreError> {
        let mut ahead = Vec::new();
        while !rooms.is_empty() {
            let some = &rooms[..rooms.len().min(ROOMS_AT_ONCE)];
            let ids: Vec<_> = some.iter().map(|room| room.id.clone()).collect();
            let pictures = self.store.online_in(&ids).await?;
            rooms = &rooms[pictures.len()..];
            for (room, online) in some.iter().zip(pictures) {
                match room.load_roster(online, self.health.store_memory.absence(), insist) {
                    Some(enqueue) => self.enqueue(room, enqueue),
                    None => ahead.push(Arc::clone(room)),
                }
            }
        }
        Ok(ahead)
    }
}
