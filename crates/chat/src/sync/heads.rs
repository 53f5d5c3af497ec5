//! A cheap comparison, now and then, of where the rooms are with where their logs end.
//!
//! The shared channel forgets; this finds what nothing else would, such as the
//! last message of a room whose envelope was lost, or that Redis lost the end of
//! a log: a head behind what was known before it was asked for proves that.

use std::{sync::Arc, time::Duration};

use rookery_protocol::Cursor;
use rookery_store::StoreError;

use crate::{
    room::{Noticed, Room},
    rooms::Rooms,
};

/// How often all rooms are compared.
const EVERY: Duration = Duration::from_secs(5);

/// How many rooms are compared in one question to the store.
const AT_ONCE: usize = 256;

/// Compares for as long as the node lives.
pub(crate) async fn run(rooms: Arc<Rooms>) {
    let mut times = tokio::time::interval(EVERY);
    times.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        times.tick().await;
        compare_all(&rooms).await;
    }
}

/// Compares all rooms that are followed and heals those that are behind.
pub(super) async fn compare_all(rooms: &Arc<Rooms>) {
    let followed = rooms.all_followed();
    for some in followed.chunks(AT_ONCE) {
        if let Err(error) = compare(some, rooms).await {
            // Said once by whoever watches the store; the next time is near.
            tracing::debug!(%error, "the heads of the rooms could not be read");
            return;
        }
    }
}

async fn compare(some: &[Arc<Room>], rooms: &Arc<Rooms>) -> Result<(), StoreError> {
    let ids: Vec<_> = some.iter().map(|room| room.id.clone()).collect();
    let known: Vec<_> = some.iter().map(|room| room.position()).collect();
    let heads = rooms.store.heads(&ids).await?;
    let mut to_confirm = Vec::new();
    for ((room, known), head) in some.iter().zip(known).zip(heads) {
        let noticed = room.notice_head(known.as_ref(), head.as_ref());
        match (noticed, known) {
            (Noticed::Behind, _) => rooms.heal_soon(Arc::clone(room)),
            (Noticed::Lost, Some(_)) if head.is_none() && room.is_closed() => {
                tracing::warn!(room = %room.id, "a room that is for its members alone is gone");
                room.lose(&rooms.inboxes);
            }
            (Noticed::Lost, Some(known)) => {
                tracing::warn!(room = %room.id, ?known, ?head, "the log is gone or ends before what is known of it");
                to_confirm.push((room, known));
            }
            (Noticed::InStep | Noticed::Lost, _) => {}
        }
    }
    confirm(&to_confirm, rooms).await
}

/// Tells the store what is known of rooms that have lost something. What was lost goes on
/// in another epoch, for which the rooms are then healed.
async fn confirm(some: &[(&Arc<Room>, Cursor)], rooms: &Arc<Rooms>) -> Result<(), StoreError> {
    if some.is_empty() {
        return Ok(());
    }
    let known: Vec<_> = some
        .iter()
        .map(|(room, known)| (room.id.clone(), known.clone()))
        .collect();
    let ends = rooms.store.confirm(&known).await?;
    for ((room, known), end) in some.iter().zip(ends) {
        let Some(end) = end else {
            // Somebody deleted it, and this node did not hear of that; or it cannot be read.
            tracing::warn!(room = %room.id, "a room that was followed is gone");
            room.lose(&rooms.inboxes);
            continue;
        };
        if room.notice_head(Some(known), Some(&end)) == Noticed::Behind {
            rooms.heal_soon(Arc::clone(room));
        }
    }
    Ok(())
}
