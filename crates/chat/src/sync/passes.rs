//! Something may have been missed in any room: all are looked through again.
//!
//! Where the shared channel is faster than this node it says so again and
//! again, and what has to catch up must not be kept busy by that. So however
//! often something is suspected, one pass over the rooms is made at a time, and one more
//! where it was suspected meanwhile; between them the node rests for as long as
//! the last one took. What raises a suspicion costs the same with one room and
//! with a hundred thousand.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::heads;
use crate::{health::Health, rooms::Rooms};

/// The longest rest between two passes.
const LONGEST_REST: Duration = Duration::from_secs(5);
/// How long to wait before a store that could not be asked is asked again.
const RETRY: Duration = Duration::from_secs(1);

/// Passes over the rooms for as long as the node lives.
pub(crate) async fn run(rooms: Arc<Rooms>) {
    let health = &rooms.health;
    let mut in_doubt = false;
    loop {
        until_suspicion(health, in_doubt).await;
        let begun = Instant::now();
        in_doubt = health.store_memory.in_doubt_for().is_some();
        heads::compare_all(&rooms).await;
        let read = rooms.refresh_all_rosters().await;
        rooms.metrics.passes.inc();
        if let Err(error) = read {
            tracing::debug!(%error, "who is in the rooms could not be read; trying again");
            tokio::time::sleep(RETRY).await;
            health.suspicion.raise_again();
        }
        tokio::time::sleep(begun.elapsed().min(LONGEST_REST)).await;
    }
}

/// Waits until there is a reason for the next pass. Where the store was in
/// doubt during the last one, that is one as soon as it can be believed.
async fn until_suspicion(health: &Health, was_in_doubt: bool) {
    let raised = health.suspicion.raised();
    match was_in_doubt {
        true => {
            let doubt = health.store_memory.in_doubt_for().unwrap_or_default();
            drop(tokio::time::timeout(doubt, raised).await);
        }
        false => raised.await,
    }
}
