//! A cheap comparison, now and then, of where the rooms are with where their logs end.
//!
//! The shared channel forgets; this finds what nothing else would, such as the
//! last message of a room whose envelope was lost.

use std::{sync::Arc, time::Duration};

use super::Hub;
use crate::room::{Room, Wanted};

/// How often all rooms are compared.
const EVERY: Duration = Duration::from_secs(5);

/// How many rooms are compared in one question to the store.
const AT_ONCE: usize = 256;

/// Compares for as long as the node lives.
pub(super) async fn run(hub: Arc<Hub>) {
    let mut times = tokio::time::interval(EVERY);
    times.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        times.tick().await;
        hub.compare_heads().await;
    }
}

impl Hub {
    /// Compares all rooms that are followed and heals those that are behind.
    pub(super) async fn compare_heads(self: &Arc<Self>) {
        let rooms = self.followed_rooms();
        for some in rooms.chunks(AT_ONCE) {
            if let Err(error) = self.compare(some).await {
                // Said once by whoever watches the store; the next time is near.
                tracing::debug!(%error, "the heads of the rooms could not be read");
                return;
            }
        }
    }

    async fn compare(
        self: &Arc<Self>,
        rooms: &[Arc<Room>],
    ) -> Result<(), rookery_store::StoreError> {
        let ids: Vec<_> = rooms.iter().map(|room| room.id.clone()).collect();
        let known: Vec<_> = rooms.iter().map(|room| room.position()).collect();
        let heads = self.store.heads(&ids).await?;
        for ((room, known), head) in rooms.iter().zip(known).zip(heads) {
            let wanted = room.notice_head(known.as_ref(), head.as_ref());
            if wanted == Wanted::Healing {
                self.heal_soon(Arc::clone(room));
            }
        }
        Ok(())
    }
}
