//! A cheap comparison, now and then, of where the rooms are with where their logs end.
//!
//! The shared channel forgets; this finds what nothing else would, such as the
//! last message of a room whose envelope was lost, or that Redis lost the end of
//! a log: a head behind what was known before it was asked for proves that.

use std::{sync::Arc, time::Duration};

use rookery_protocol::Cursor;
use rookery_store::StoreError;

use super::Hub;
use crate::room::{Noticed, Room};

/// How often all rooms are compared.
const EVERY: Duration = Duration::from_secs(5);

/// How many rooms are compared in one question to the store.
const AT_ONCE: usize = 256;

/// How often the store is told that people are in a room whose messages expire.
/// It forgets the numbers of one where nobody was for an hour.
const TELL_EVERY: Duration = Duration::from_secs(900);

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

    async fn compare(self: &Arc<Self>, rooms: &[Arc<Room>]) -> Result<(), StoreError> {
        let ids: Vec<_> = rooms.iter().map(|room| room.id.clone()).collect();
        let known: Vec<_> = rooms.iter().map(|room| room.position()).collect();
        let heads = self.store.heads(&ids).await?;
        let mut to_tell = Vec::new();
        for ((room, known), head) in rooms.iter().zip(known).zip(heads) {
            let noticed = room.notice_head(known.as_ref(), head.as_ref());
            let to_keep = room.is_untold_for(TELL_EVERY) && self.store.expires(&room.id);
            match (noticed, known) {
                (Noticed::Behind, _) => self.heal_soon(Arc::clone(room)),
                (Noticed::Lost, Some(known)) => {
                    tracing::warn!(room = %room.id, ?known, ?head, "the log is gone or ends before what is known of it");
                    to_tell.push((room, known));
                }
                (Noticed::InStep, Some(known)) if to_keep => to_tell.push((room, known)),
                (Noticed::InStep | Noticed::Lost, _) => {}
            }
        }
        self.tell_store(&to_tell).await
    }

    /// Tells the store what is known of rooms, all of which have people in them
    /// or have lost something. What was lost goes on in another epoch, for which
    /// the rooms are then healed.
    async fn tell_store(
        self: &Arc<Self>,
        rooms: &[(&Arc<Room>, Cursor)],
    ) -> Result<(), StoreError> {
        if rooms.is_empty() {
            return Ok(());
        }
        let known: Vec<_> = rooms
            .iter()
            .map(|(room, known)| (room.id.clone(), known.clone()))
            .collect();
        let ends = self.store.confirm(&known).await?;
        for ((room, known), end) in rooms.iter().zip(ends) {
            room.store_was_told();
            let Some(end) = end else { continue };
            if room.notice_head(Some(known), Some(&end)) == Noticed::Behind {
                self.heal_soon(Arc::clone(room));
            }
        }
        Ok(())
    }
}
