//! Whether and since when something may have been missed in any room.

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::clock::Moment;

/// Whether and since when something may have been missed.
#[derive(Debug, Default)]
pub(crate) struct Suspicion {
    /// Holds one word, which stands for all that was suspected since the last pass began.
    raised: Notify,
    latest: Mutex<Option<Moment>>,
}

impl Suspicion {
    pub(super) fn raise(&self) {
        *self.latest.lock() = Some(Moment::now());
        self.raised.notify_one();
    }

    /// What was learned before this moment may be wrong.
    pub(crate) fn latest(&self) -> Option<Moment> {
        *self.latest.lock()
    }

    /// Has one more pass made over the rooms.
    pub(crate) fn raise_again(&self) {
        self.raised.notify_one();
    }

    /// Waits until something is suspected.
    pub(crate) async fn raised(&self) {
        self.raised.notified().await;
    }
}
