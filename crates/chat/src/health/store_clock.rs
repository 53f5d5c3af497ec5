//! How late it can be by the store's clock.
//!
//! The clock of the store decides when an event is gone, and the node's own may
//! differ from it. It is read every second; between the readings the time that
//! passed since is added. What this gives is never early.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// An older reading says nothing.
const GOOD_FOR: Duration = Duration::from_secs(10);

/// What two clocks may run apart in that time, and the rounding of both.
const MARGIN_MS: u64 = 10;

/// The last reading of the store's clock.
#[derive(Debug, Default)]
pub(crate) struct StoreClock {
    read: Mutex<Option<(Instant, u64)>>,
}

impl StoreClock {
    /// The clock was read, by a question asked at this moment.
    pub(crate) fn set(&self, asked: Instant, time_ms: u64) {
        *self.read.lock() = Some((asked, time_ms));
    }

    /// From now on it may be the clock of another server.
    pub(crate) fn forget(&self) {
        *self.read.lock() = None;
    }

    /// The latest that it can be, in milliseconds since the Unix epoch, if that is known.
    pub(crate) fn latest(&self) -> Option<u64> {
        let (asked, time_ms) = (*self.read.lock())?;
        let since = asked.elapsed();
        let ms = u64::try_from(since.as_millis()).ok()?;
        (since < GOOD_FOR).then_some(time_ms + ms + MARGIN_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_on_and_is_forgotten() {
        let clock = StoreClock::default();
        assert_eq!(clock.latest(), None);
        let asked = Instant::now() - Duration::from_secs(2);
        clock.set(asked, 5_000);
        assert!(clock.latest().is_some_and(|now| now >= 7_000));
        clock.set(asked - GOOD_FOR, 5_000);
        assert_eq!(clock.latest(), None, "too old");
        clock.set(asked, 5_000);
        clock.forget();
        assert_eq!(clock.latest(), None);
    }
}
