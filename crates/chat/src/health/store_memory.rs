//! Whether the store can be believed where it does not know of somebody.
//!
//! Redis may come back empty, or without the last that it was told. Then each
//! node enters its users again as soon as it renews its lease; until all had
//! the time for that, whoever is missing is perhaps only forgotten.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::{room::Absence, settings::PresenceSettings};

/// When the store may have lost something.
#[derive(Debug)]
pub(crate) struct StoreMemory {
    /// How long nodes have to enter their users again.
    patience: Duration,
    doubted: Mutex<Option<Instant>>,
}

impl StoreMemory {
    pub(crate) fn new(settings: &PresenceSettings) -> Self {
        Self {
            patience: Duration::from_millis(settings.lease_ms.max(settings.grace_ms)),
            doubted: Mutex::default(),
        }
    }

    /// From now on it may be another server, or the same after a fall.
    pub(crate) fn doubt(&self) {
        *self.doubted.lock() = Some(Instant::now());
    }

    /// How long it is still to be doubted, if it is.
    pub(crate) fn in_doubt_for(&self) -> Option<Duration> {
        let doubted = (*self.doubted.lock())?;
        let left = self.patience.saturating_sub(doubted.elapsed());
        (!left.is_zero()).then_some(left)
    }

    /// What it means now that somebody is missing in a picture.
    pub(crate) fn absence(&self) -> Absence {
        match self.in_doubt_for() {
            Some(_) => Absence::PerhapsForgotten,
            None => Absence::Left,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(patience: Duration) -> StoreMemory {
        StoreMemory {
            patience,
            doubted: Mutex::default(),
        }
    }

    #[test]
    fn it_is_believed_at_first_and_again_in_time() {
        let doubted = memory(Duration::from_secs(3600));
        assert_eq!(doubted.absence(), Absence::Left);
        doubted.doubt();
        assert_eq!(doubted.absence(), Absence::PerhapsForgotten);
        let in_time = memory(Duration::ZERO);
        in_time.doubt();
        assert_eq!(in_time.absence(), Absence::Left);
    }
}
