//! What a client that comes in is shown: from memory, or read once for all who wait.

use std::sync::Arc;

use rookery_protocol::UserId;
use rookery_store::{Join, StoreError};

use super::Hub;
use crate::room::{Found, Read, Room, Sight, Snapshot, View};

/// How many readings of other clients are waited for, which mostly bring what
/// is needed as well, before one of one's own is made.
const PATIENCE: u32 = 2;

impl Hub {
    /// A snapshot of the room for this view.
    pub(crate) async fn snapshot(
        self: &Arc<Self>,
        room: &Arc<Room>,
        user: &UserId,
        view: &View,
    ) -> Result<Arc<Snapshot>, StoreError> {
        if !self.readiness.is_bus_up() {
            room.doubt();
        } else if let Some(suspected) = self.suspicion.latest() {
            room.doubt_what_is_older(suspected);
        }
        let mut patience = PATIENCE;
        loop {
            let read = |view| Arc::clone(self).read_snapshot(Arc::clone(room), user.clone(), view);
            match room.find(view, &self.sight(), patience > 0, read) {
                Found::Known(snapshot) => {
                    self.metrics.joins_from_memory.inc();
                    return Ok(snapshot);
                }
                Found::Reading(reading) => {
                    let read = match self.see_through(reading).await {
                        // Another user made the reading, and has met a limit of their own.
                        Err(error) if error.limited_user().is_some_and(|other| other != user) => {
                            continue;
                        }
                        read => read?,
                    };
                    if read.view == *view {
                        return Ok(read.snapshot);
                    }
                    patience = patience.saturating_sub(1);
                }
            }
        }
    }

    /// Reads the room for all who wait for the view.
    async fn read_snapshot(
        self: Arc<Self>,
        room: Arc<Room>,
        user: UserId,
        view: View,
    ) -> Result<Read, StoreError> {
        let join = Join {
            room: room.id.clone(),
            user,
            since: view.since.clone(),
            limit: view.limit,
            catch_up: self.settings.limits.catch_up,
            create: self.settings.rooms.create_on_join,
            known: room.position(),
        };
        self.metrics.range_reads.inc();
        let joined = self.store.join(join).await?;
        Ok(room.remember(view, &joined, &self.workers))
    }

    fn sight(&self) -> Sight {
        Sight {
            catch_up: self.settings.limits.catch_up,
            max_events: self.settings.rooms.max_events,
            now: self.store_clock.latest(),
        }
    }
}
