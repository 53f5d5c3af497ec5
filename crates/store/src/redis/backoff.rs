//! How long to wait before the next attempt to reach Redis.

use std::time::Duration;

use rand::Rng as _;

const SHORTEST_MS: u64 = 50;
const LONGEST_MS: u64 = 200;

/// Waits that double from 50 to 200 ms, each shortened at random by up to
/// a half, so that many nodes do not come back in step.
#[derive(Default)]
pub(super) struct Backoff {
    attempts: u32,
}

impl Backoff {
    /// Waits, longer than the last time.
    pub(super) async fn wait(&mut self) {
        let longest = SHORTEST_MS
            .saturating_mul(1 << self.attempts.min(16))
            .min(LONGEST_MS);
        self.attempts = self.attempts.saturating_add(1);
        let wait_ms = rand::rng().random_range(longest / 2..=longest);
        tokio::time::sleep(Duration::from_millis(wait_ms)).await;
    }

    /// The next wait is a short one again.
    pub(super) fn reset(&mut self) {
        self.attempts = 0;
    }
}
