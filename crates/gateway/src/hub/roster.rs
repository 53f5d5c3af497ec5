//! Asking the store who is in a room, as seldom as possible.

use std::{sync::Arc, time::Duration};

use rookery_store::StoreError;

use super::Hub;
use crate::room::Room;

/// How often a picture is asked for that is older than what was heard meanwhile.
const MOST_TRIES: u32 = 3;

/// How often big rooms are told how many are there.
const COUNTS_EVERY: Duration = Duration::from_secs(1);

/// Tells big rooms their numbers for as long as the node lives.
pub(super) async fn run_counts(hub: Arc<Hub>) {
    let mut times = tokio::time::interval(COUNTS_EVERY);
    times.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        times.tick().await;
        for room in hub.followed_rooms() {
            room.tell_count(&hub.workers);
        }
    }
}

impl Hub {
    /// Takes a fresh picture of who is in the room.
    pub(crate) async fn refresh_roster(&self, room: &Arc<Room>) -> Result<(), StoreError> {
        for attempt in 1..=MOST_TRIES {
            let online = self.store.online(&room.id).await?;
            // After a fail-over the store's clock may be behind; the last try counts.
            if room.load_roster(online, attempt == MOST_TRIES, &self.workers) {
                break;
            }
        }
        Ok(())
    }

    /// The same in the background, where nobody waits for it.
    pub(super) fn refresh_roster_soon(self: &Arc<Self>, room: Arc<Room>) {
        let hub = Arc::clone(self);
        self.background.spawn(async move {
            if let Err(error) = hub.refresh_roster(&room).await {
                tracing::debug!(room = %room.id, %error, "who is in the room could not be read");
            }
            hub.forget_if_idle(room);
        });
    }

    /// Takes fresh pictures of all rooms, after presence events may have been missed.
    pub(super) async fn refresh_all_rosters(&self) {
        for room in self.followed_rooms() {
            if let Err(error) = self.refresh_roster(&room).await {
                tracing::debug!(room = %room.id, %error, "who is in the room could not be read");
                return;
            }
        }
    }
}
