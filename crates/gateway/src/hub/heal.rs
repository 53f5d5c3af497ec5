//! Bringing a room to the end of its log when the shared channel did not.
//!
//! Once per room and node, however many sessions wait: the clients notice nothing.

use std::{sync::Arc, time::Duration};

use rookery_protocol::Cursor;
use rookery_store::{Range, StoreError};

use super::Hub;
use crate::room::{Room, Wanted};

/// How many events are read from the log at once.
const PAGE: usize = 500;

/// How long a hole is given to close by itself: the answer of Redis and the
/// shared channel are two connections, one a little ahead of the other.
const SHORT: Duration = Duration::from_millis(50);

/// How long to wait before a store that is away is asked again.
const RETRY: Duration = Duration::from_millis(250);

/// Whether a hole may close by itself first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Somebody waits for it: read at once.
    None,
    /// Most likely the missing event is on its way.
    Short,
}

/// What reading the log led to.
enum Progress {
    /// The room is at the end of its log.
    Whole,
    /// There may be more to read.
    More,
}

impl Hub {
    /// Heals in the background. The caller was told that healing is wanted.
    pub(super) fn heal_soon(self: &Arc<Self>, room: Arc<Room>, patience: Patience) {
        let hub = Arc::clone(self);
        self.background.spawn(async move {
            hub.heal(&room, patience).await;
            hub.forget_if_idle(room);
        });
    }

    /// Reads the log until the room is at its end. The caller was told that
    /// healing is wanted; nobody else heals the room meanwhile.
    pub(crate) async fn heal(&self, room: &Arc<Room>, patience: Patience) {
        if patience == Patience::Short {
            tokio::time::sleep(SHORT).await;
        }
        while let Some(position) = room.position() {
            let range = self.store.events_after(&room.id, &position, PAGE).await;
            match range.map(|range| self.take_range(room, &position, range)) {
                Ok(Progress::Whole) => break,
                Ok(Progress::More) => {}
                Err(StoreError::NoSuchRoom(_)) => break,
                Err(StoreError::Unavailable(_)) => tokio::time::sleep(RETRY).await,
                Err(error) => {
                    tracing::error!(room = %room.id, %error, "a room could not be healed");
                    break;
                }
            }
        }
        room.healing_done();
    }

    fn take_range(&self, room: &Room, position: &Cursor, range: Range) -> Progress {
        if range.head.epoch != position.epoch {
            tracing::warn!(room = %room.id, from = ?position, to = ?range.head, "the log was lost or rolled back; its sessions come back anew");
            room.restart(range.head, &self.workers);
            return Progress::Whole;
        }
        if range.events.is_empty() {
            let end = room.position().map_or(0, |position| position.seq);
            if end < range.head.seq {
                tracing::warn!(room = %room.id, from = end, to = range.head.seq, "what was missed is no longer in the log; its sessions come back anew");
                room.restart(range.head, &self.workers);
            }
            return Progress::Whole;
        }
        let many = range.events.len() as u64;
        for event in range.events {
            // Whatever it wants, it is what is being done.
            let _: Wanted = room.offer(&range.head.epoch, event, &self.workers);
        }
        let now = room.position().map_or(0, |position| position.seq);
        self.metrics
            .gap_healed(now.saturating_sub(position.seq).min(many));
        if now >= range.head.seq && !room.has_hole() {
            Progress::Whole
        } else {
            Progress::More
        }
    }
}
