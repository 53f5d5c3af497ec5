//! Bringing a room to the end of its log when the shared channel did not.
//!
//! Once per room and node, however many sessions wait: the clients notice nothing.

use std::{sync::Arc, time::Duration};

use rookery_protocol::Cursor;
use rookery_store::{Range, StoreError};

use super::{Rooms, UsedRoom};
use crate::room::{Gap, HealRequest, Healing, Room};

/// How many events are read from the log at once.
const PAGE: usize = 500;

/// How long a gap is given to close by itself: the answer of Redis and the
/// shared channel are two connections, one a little ahead of the other.
const SHORT: Duration = Duration::from_millis(50);

/// How long to wait before a store that is away is asked again.
const RETRY: Duration = Duration::from_millis(250);

/// What reading the log led to.
enum Progress {
    /// The room is at the end of its log.
    Whole,
    /// There may be more to read.
    More,
}

impl Rooms {
    /// Heals in the background, for as long as it takes, unless it is but a gap
    /// that closes by itself. The caller was told that healing is wanted.
    pub(crate) fn heal_soon(self: &Arc<Self>, room: Arc<Room>) {
        let (rooms, mut healing) = (Arc::clone(self), Healing::of(&room));
        let used = UsedRoom::new(self, room);
        self.background.start_soon("healing", async move {
            loop {
                let position = used.position();
                tokio::time::sleep(SHORT).await;
                match healing.check_gap(position.as_ref()) {
                    Gap::Open => break,
                    Gap::Younger => {}
                    Gap::Closed => return,
                }
            }
            while rooms
                .heal(&mut healing)
                .await
                .is_err_and(|error| error.is_for_now())
            {
                tokio::time::sleep(RETRY).await;
            }
        });
    }

    /// Heals at once, for somebody who waits for it. The caller was told that
    /// healing is wanted.
    pub(crate) async fn heal_now(&self, room: &Arc<Room>) -> Result<(), StoreError> {
        self.heal(&mut Healing::of(room)).await
    }

    async fn heal(&self, healing: &mut Healing) -> Result<(), StoreError> {
        loop {
            healing.begin_reading();
            self.read_log(healing.room()).await?;
            if healing.finish() {
                return Ok(());
            }
        }
    }

    /// Reads the log until the room is at its end. Nobody else does so meanwhile.
    async fn read_log(&self, room: &Room) -> Result<(), StoreError> {
        while let Some(position) = room.position() {
            self.metrics.range_reads.inc();
            let range = match self.store.events_after(&room.id, &position, PAGE).await {
                Ok(range) => range,
                // Gone: whoever writes next makes the log anew, in another epoch.
                Err(StoreError::NoSuchRoom(_)) => return Ok(()),
                Err(error) if error.is_for_now() => return Err(error),
                Err(error) => {
                    tracing::error!(room = %room.id, %error, "a room could not be healed");
                    return Err(error);
                }
            };
            match self.take_range(room, &position, range) {
                Progress::Whole => return Ok(()),
                Progress::More => {}
            }
        }
        Ok(())
    }

    fn take_range(&self, room: &Room, position: &Cursor, range: Range) -> Progress {
        if range.head.epoch != position.epoch {
            if !room.enter_epoch(&range.head, &range.forks, &self.inboxes) {
                tracing::warn!(room = %room.id, from = ?position, to = ?range.head, "the log was lost or rolled back; its sessions come back anew");
                return Progress::Whole;
            }
            tracing::debug!(room = %room.id, from = ?position, to = ?range.head, "the log goes on in another epoch; nothing of it was lost here");
        }
        if range.events.is_empty() {
            let end = room.position().map_or(0, |position| position.seq);
            if end < range.head.seq {
                tracing::warn!(room = %room.id, from = end, to = range.head.seq, "what was missed is no longer in the log; its sessions come back anew");
                room.restart(range.head, &self.inboxes);
            }
            return Progress::Whole;
        }
        let many = range.events.len() as u64;
        for event in range.events {
            // Whatever it wants, it is what is being done.
            let _: HealRequest = room.offer(&range.head.epoch, event, &self.inboxes);
        }
        let now = room.position().map_or(0, |position| position.seq);
        self.metrics
            .gap_healed(now.saturating_sub(position.seq).min(many));
        if now >= range.head.seq && !room.has_gap() {
            Progress::Whole
        } else {
            Progress::More
        }
    }
}
