//! How long to wait before trying again: full jitter, so that the clients of a
//! node that died do not come back all at once. Pure; it must never sleep itself.

use std::time::Duration;

use rand::Rng;

/// A random wait in 0 … min(cap, base · 2ⁿ), where n counts the failures in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
}

impl Backoff {
    /// The longest wait of the first repetition, and of any.
    pub const fn new(base: Duration, cap: Duration) -> Self {
        Self { base, cap }
    }

    /// The wait after so many failures before this one. Whoever counts them
    /// begins anew after a success, and after a wait that a node asked for.
    pub fn wait(self, failures: u32, rng: &mut impl Rng) -> Duration {
        rng.random_range(Duration::ZERO..=self.longest(failures))
    }

    fn longest(self, failures: u32) -> Duration {
        let doubled = 1u32.checked_shl(failures).unwrap_or(u32::MAX);
        self.base.saturating_mul(doubled).min(self.cap)
    }
}

impl Default for Backoff {
    /// The waits of the protocol.
    fn default() -> Self {
        Self::new(Duration::from_millis(500), Duration::from_secs(5))
    }
}

/// The waits of one client, one after the other.
#[derive(Debug)]
pub(crate) struct Returns {
    backoff: Backoff,
    /// Failures in a row.
    failures: u32,
}

impl Returns {
    pub(crate) fn new(backoff: Backoff) -> Self {
        Self {
            backoff,
            failures: 0,
        }
    }

    /// The wait after a failure: what the node said, who spreads those whom it
    /// refuses; else longer with each failure since it said so.
    pub(crate) fn wait(&mut self, told: Option<Duration>, rng: &mut impl Rng) -> Duration {
        if let Some(told) = told {
            self.begin_anew();
            return told;
        }
        let wait = self.backoff.wait(self.failures, rng);
        self.failures = self.failures.saturating_add(1);
        wait
    }

    /// After a success.
    pub(crate) fn begin_anew(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;

    #[test]
    fn the_longest_wait_doubles_up_to_the_cap() {
        let longest = [0.5, 1.0, 2.0, 4.0, 5.0, 5.0].map(Duration::from_secs_f64);
        for (failures, wanted) in (0..).zip(longest) {
            assert_eq!(Backoff::default().longest(failures), wanted);
        }
    }

    #[test]
    fn waits_are_spread_over_the_whole_range() {
        let mut rng = StdRng::seed_from_u64(2);
        let backoff = Backoff::default();
        let waits: Vec<_> = (0..1000).map(|_| backoff.wait(0, &mut rng)).collect();
        let quarter = backoff.base / 4;
        for number in 0..4 {
            let from = quarter * number;
            let inside = waits.iter().filter(|&&w| w >= from && w < from + quarter);
            assert!(inside.count() > 180, "quarter {number} is thin");
        }
    }

    /// Twenty thousand who could not come for a while, by the clock of the
    /// moment from which they can: no attempt fails any more.
    #[test]
    fn half_of_those_who_wait_are_there_within_two_seconds_and_all_within_five() {
        let mut rng = StdRng::seed_from_u64(3);
        let outage = Duration::from_secs(60);
        let mut came: Vec<_> = (0..20_000)
            .map(|_| {
                let mut at = Duration::ZERO;
                let mut failures = 0;
                while at < outage {
                    at += Backoff::default().wait(failures, &mut rng);
                    failures += 1;
                }
                at - outage
            })
            .collect();
        came.sort();
        assert!(came[10_000] < Duration::from_secs(2), "{:?}", came[10_000]);
        assert!(came[19_999] <= Duration::from_secs(5));
        // Without a stampede: no hundred milliseconds see more than twice their even share.
        for window in 0..50 {
            let from = Duration::from_millis(100) * window;
            let inside = came
                .iter()
                .filter(|&&at| at >= from && at < from + Duration::from_millis(100));
            assert!(inside.count() < 1_000, "window {window}");
        }
    }

    #[test]
    fn what_a_node_says_is_waited_and_begins_the_count_anew() {
        let mut rng = StdRng::seed_from_u64(4);
        let hour = Duration::from_secs(3600);
        let mut returns = Returns::new(Backoff::new(Duration::from_millis(1), hour));
        let mut longest = |returns: &mut Returns, failures| {
            (0..failures)
                .map(|_| returns.wait(None, &mut rng))
                .max()
                .unwrap()
        };
        assert!(longest(&mut returns, 20) > Duration::from_secs(1));
        let told = Duration::from_millis(1234);
        assert_eq!(
            returns.wait(Some(told), &mut StdRng::seed_from_u64(5)),
            told
        );
        assert!(longest(&mut returns, 2) <= Duration::from_millis(2));
        longest(&mut returns, 20);
        returns.begin_anew();
        assert!(longest(&mut returns, 1) <= Duration::from_millis(1));
    }

    proptest! {
        #[test]
        fn no_wait_is_longer_than_the_cap(seed: u64, failures in 0u32..200) {
            let mut rng = StdRng::seed_from_u64(seed);
            let backoff = Backoff::default();
            prop_assert!(backoff.longest(failures) <= backoff.cap);
            prop_assert!(backoff.wait(failures, &mut rng) <= backoff.longest(failures));
        }
    }
}
