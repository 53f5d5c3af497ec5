//! Knowing that the store writes, not only that it answers.
//!
//! What refuses every write may answer every question: a Redis whose memory is
//! full, a replica. So a node writes a little once a second. It is said once when
//! that is refused, in the store's own words, and once when it is taken again;
//! what befalls single messages meanwhile is not logged.

use rookery_store::StoreError;

use crate::rooms::Rooms;

/// Looks whether the store writes.
pub(super) async fn try_writing(rooms: &Rooms) {
    let readiness = &rooms.health.readiness;
    match rooms.store.try_write().await {
        Ok(()) => {
            if readiness.set_store_read_only(false) {
                tracing::info!("the store writes again");
            }
        }
        // Whether it writes is not known, and that it is away is told elsewhere.
        Err(StoreError::Unavailable(_)) => {}
        Err(error) => {
            if !readiness.set_store_read_only(true) {
                tracing::warn!(%error, "no message can be stored; sends are refused until one can");
            }
        }
    }
}
