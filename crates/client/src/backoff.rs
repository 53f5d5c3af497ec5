//! How long to wait before trying again: full jitter, so that the clients of a
//! node that died do not come back all at once. Pure; it must never sleep itself.

use std::time::Duration;

use rand::Rng;

/// A random wait in 0 … min(cap, base · 2ⁿ), where n counts the failures.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    base: Duration,
    cap: Duration,
    failures: u32,
}

impl Backoff {
    pub(crate) fn new(base: Duration, cap: Duration) -> Self {
        Self {
            base,
            cap,
            failures: 0,
        }
    }

    /// The wait before the next attempt; counts a failure.
    pub(crate) fn next(&mut self, rng: &mut impl Rng) -> Duration {
        let longest = self.longest();
        self.failures = self.failures.saturating_add(1);
        rng.random_range(Duration::ZERO..=longest)
    }

    /// Forgets the failures after a connection that was a success.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    fn longest(&self) -> Duration {
        let doubled = 1u32.checked_shl(self.failures).unwrap_or(u32::MAX);
        self.base.saturating_mul(doubled).min(self.cap)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;

    const BASE: Duration = Duration::from_millis(500);
    const CAP: Duration = Duration::from_secs(30);

    #[test]
    fn the_longest_wait_doubles_up_to_the_cap_and_begins_anew() {
        let mut rng = StdRng::seed_from_u64(1);
        let mut backoff = Backoff::new(BASE, CAP);
        let longest = [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0].map(Duration::from_secs_f64);
        for wanted in longest {
            assert_eq!(backoff.longest(), wanted);
            backoff.next(&mut rng);
        }
        backoff.reset();
        assert_eq!(backoff.longest(), BASE);
    }

    #[test]
    fn waits_are_spread_over_the_whole_range() {
        let mut rng = StdRng::seed_from_u64(2);
        let waits: Vec<_> = (0..1000)
            .map(|_| Backoff::new(BASE, CAP).next(&mut rng))
            .collect();
        for quarter in 0..4 {
            let from = BASE / 4 * quarter;
            let inside = waits.iter().filter(|&&w| w >= from && w < from + BASE / 4);
            assert!(inside.count() > 180, "quarter {quarter} is thin");
        }
    }

    proptest! {
        #[test]
        fn no_wait_is_longer_than_the_cap(seed: u64, failures in 0u32..200) {
            let mut rng = StdRng::seed_from_u64(seed);
            let mut backoff = Backoff { failures, ..Backoff::new(BASE, CAP) };
            let longest = backoff.longest();
            prop_assert!(longest <= CAP);
            prop_assert!(backoff.next(&mut rng) <= longest);
        }
    }
}
