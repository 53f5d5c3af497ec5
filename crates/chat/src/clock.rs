//! The node's own clock, for what is no message: those take the store's.

use std::{
    num::NonZeroU64,
    ops::Add,
    sync::LazyLock,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// Milliseconds since the Unix epoch.
pub fn now_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A moment by the clock that never jumps: an [`Instant`] to the microsecond, in
/// half the memory, also where it may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(NonZeroU64);

/// When the process first asked for a moment: that one is number 1.
static FIRST: LazyLock<Instant> = LazyLock::new(Instant::now);

impl Moment {
    /// This moment.
    pub fn now() -> Self {
        Self(NonZeroU64::MIN) + FIRST.elapsed()
    }

    /// Microseconds since a little before the process first asked for a moment.
    pub fn as_micros(self) -> u64 {
        self.0.get()
    }

    /// Zero where `earlier` is later.
    pub fn saturating_duration_since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.get().saturating_sub(earlier.0.get()))
    }

    /// So much earlier, but not before the first.
    pub fn before(self, span: Duration) -> Self {
        let us = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        let earlier = NonZeroU64::new(self.0.get().saturating_sub(us));
        Self(earlier.unwrap_or(NonZeroU64::MIN))
    }

    /// How long ago it is.
    pub fn elapsed(self) -> Duration {
        Self::now().saturating_duration_since(self)
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(
            self.0
                .saturating_add(u64::try_from(span.as_micros()).unwrap_or(u64::MAX)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_half_an_instant_and_as_good() {
        assert_eq!(size_of::<Option<Moment>>() * 2, size_of::<Instant>());
        let (now, span) = (Moment::now(), Duration::from_millis(1500));
        let later = now + span;
        assert!(later > now);
        assert_eq!(later.saturating_duration_since(now), span);
        assert_eq!(now.saturating_duration_since(later), Duration::ZERO);
        assert!(Moment::now() >= now);
        assert!((now + Duration::MAX) > later);
        assert_eq!(later.before(span), now);
        assert!(later.before(Duration::MAX) < later);
    }
}
