//! One allowance: a token bucket in one number (the generic cell rate algorithm,
//! ITU-T I.371, annex A).
//!
//! The number is when the bucket is full again. A token moves it on by the time
//! that a token takes to come back; one that would move it further than a whole
//! bucket beyond now is refused.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use crate::clock::Moment;

/// How much comes back and how much there is at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rate {
    /// How long a token takes to come back, in microseconds; 0 is no limit.
    token_us: u64,
    /// How long a whole bucket takes.
    bucket_us: u64,
}

impl Rate {
    pub(super) fn per_second(tokens: u32, burst: u32) -> Self {
        Self::new(1_000_000, tokens, burst)
    }

    pub(super) fn per_minute(tokens: u32, burst: u32) -> Self {
        Self::new(60_000_000, tokens, burst)
    }

    pub(super) fn per_quarter_of_an_hour(tokens: u32) -> Self {
        Self::new(900_000_000, tokens, tokens)
    }

    pub(super) fn per_hour(tokens: u32) -> Self {
        Self::new(3_600_000_000, tokens, tokens)
    }

    pub(super) fn per_day(tokens: u32) -> Self {
        Self::new(86_400_000_000, tokens, tokens)
    }

    pub(super) fn is_unlimited(self) -> bool {
        self.token_us == 0
    }

    fn new(span_us: u64, tokens: u32, burst: u32) -> Self {
        let token_us = match tokens {
            0 => 0,
            tokens => (span_us / u64::from(tokens)).max(1),
        };
        Self {
            token_us,
            bucket_us: token_us * u64::from(burst.max(1)),
        }
    }
}

/// What somebody may still do. Shared by all threads.
#[derive(Debug, Default)]
pub(super) struct Allowance {
    /// When it is whole again, by [`Moment::as_micros`].
    whole_at: AtomicU64,
}

impl Allowance {
    /// Takes one token, or says how long to wait for it and takes none.
    pub(super) fn charge(&self, now: Moment, rate: Rate) -> Result<(), Duration> {
        if rate.is_unlimited() {
            return Ok(());
        }
        let now = now.as_micros();
        let mut before = self.whole_at.load(Ordering::Relaxed);
        loop {
            let after = before.max(now) + rate.token_us;
            wait_until(after, now, rate)?;
            let order = Ordering::Relaxed;
            match self
                .whole_at
                .compare_exchange_weak(before, after, order, order)
            {
                Ok(_) => return Ok(()),
                Err(changed) => before = changed,
            }
        }
    }

    /// Whether a token is there, or how long to wait for it.
    pub(super) fn look(&self, now: Moment, rate: Rate) -> Result<(), Duration> {
        let now = now.as_micros();
        let after = self.whole_at.load(Ordering::Relaxed).max(now) + rate.token_us;
        wait_until(after, now, rate)
    }

    /// Puts a token back that was taken in vain.
    pub(super) fn give_back(&self, rate: Rate) {
        let less = |at: u64| Some(at.saturating_sub(rate.token_us));
        // It always gives some.
        let _ = self
            .whole_at
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }

    /// Whether nothing is missing.
    pub(super) fn is_whole(&self, now: Moment) -> bool {
        self.whole_at.load(Ordering::Relaxed) <= now.as_micros()
    }
}

fn wait_until(whole_at: u64, now: u64, rate: Rate) -> Result<(), Duration> {
    match whole_at.saturating_sub(now).saturating_sub(rate.bucket_us) {
        0 => Ok(()),
        wait_us => Err(Duration::from_micros(wait_us)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_burst_is_there_at_once_and_then_one_waits_as_long_as_told() {
        let (allowance, rate) = (Allowance::default(), Rate::per_second(10, 5));
        let now = Moment::now();
        for _ in 0..5 {
            assert_eq!(allowance.charge(now, rate), Ok(()));
        }
        let wait = allowance.charge(now, rate).unwrap_err();
        assert_eq!(wait, Duration::from_millis(100));
        assert_eq!(
            allowance.look(now, rate),
            Err(wait),
            "refusing takes nothing"
        );
        assert_eq!(allowance.charge(now + wait, rate), Ok(()));
        assert!(!allowance.is_whole(now));
        assert!(allowance.is_whole(now + Duration::from_secs(1)));
    }

    #[test]
    fn zero_is_no_limit() {
        let (allowance, rate) = (Allowance::default(), Rate::per_second(0, 0));
        let now = Moment::now();
        assert!((0..1000).all(|_| allowance.charge(now, rate).is_ok()));
        assert_eq!(allowance.look(now, rate), Ok(()));
        assert!(allowance.is_whole(now), "and nothing is remembered");
    }

    proptest! {
        /// In any span no more is granted than a bucket and what came back meanwhile.
        #[test]
        fn never_more_than_the_bucket_and_the_rate(
            tokens in 1u32..1000, burst in 1u32..50, gaps in prop::collection::vec(0u64..200_000, 1..200),
        ) {
            let (allowance, rate) = (Allowance::default(), Rate::per_second(tokens, burst));
            let begun = Moment::now();
            let (mut now, mut granted) = (begun, 0);
            for gap in gaps {
                now = now + Duration::from_micros(gap);
                granted += u64::from(allowance.charge(now, rate).is_ok());
                let span = now.as_micros() - begun.as_micros();
                prop_assert!(granted <= u64::from(burst) + span / rate.token_us);
            }
        }
    }
}
