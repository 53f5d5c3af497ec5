//! The clocks of the embedded engine.

use std::{
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Instant, SystemTime, UNIX_EPOCH},
};

/// A moment by both clocks, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    /// Since the Unix epoch, as the system has it: it may be set forward and back.
    pub(super) wall: u64,
    /// What really passed since some moment: how old something is goes by this.
    pub(super) steady: u64,
}

impl Now {
    /// This moment.
    pub(super) fn read() -> Self {
        /// So that what was long before is no negative number.
        const AT_FIRST: u64 = 1 << 40;
        static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);
        Self {
            wall: now_ms(),
            steady: AT_FIRST + u64::try_from(BEGUN.elapsed().as_millis()).unwrap_or(u64::MAX / 2),
        }
    }

    /// What the steady clock said when the system's said that, if neither was set since.
    pub(super) fn steady_at(self, wall: u64) -> u64 {
        self.steady.saturating_sub(self.wall.saturating_sub(wall))
    }

    /// When a moment of the steady clock comes by the system's, if that is not set meanwhile.
    pub(super) fn wall_at(self, steady: u64) -> u64 {
        self.wall + steady.saturating_sub(self.steady)
    }
}

/// Milliseconds since the Unix epoch, as the system has them: they may fall.
pub(super) fn now_ms() -> u64 {
    now_us() / 1000
}

fn now_us() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    // A clock before 1970 counts as 1970, and u64 lasts for half a million years.
    since.map_or(0, |since| {
        u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
    })
}

/// Microseconds since the Unix epoch that rise with every reading, so that a
/// presence event and a list of who is online are never of the same moment.
#[derive(Debug, Default)]
pub(super) struct RisingClock {
    last: AtomicU64,
}

impl RisingClock {
    /// The next moment.
    pub(super) fn next_us(&self) -> u64 {
        let now = now_us();
        let rise = |last: u64| now.max(last + 1);
        let last = self
            .last
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| {
                Some(rise(last))
            });
        rise(last.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_moment_comes_twice() {
        let clock = RisingClock::default();
        let moments: Vec<_> = (0..1000).map(|_| clock.next_us()).collect();
        assert!(moments.is_sorted_by(|one, next| one < next));
    }
}
