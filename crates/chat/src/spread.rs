//! When those whom this node refuses or sends away are to come again.
//!
//! Each is told a time of its own, at random, so that they do not all come in
//! one instant once the node can serve; and the more they are the longer the
//! time, so that their asking costs little while it cannot. It is never so long
//! that somebody stays away for more than a few seconds after all is well.

use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rand::Rng;

/// The longest wait of few, in milliseconds.
const SHORTEST_MS: u64 = 1_000;

/// The longest wait of however many, in milliseconds: half of them are to be
/// back two seconds after they can be served.
const LONGEST_MS: u64 = 4_000;

/// For how long somebody counts who was told to come again: all who wait do.
const SPAN: Duration = Duration::from_millis(SPAN_MS);
const SPAN_MS: u64 = 5_000;

/// Of how many, within the span, the wait is a millisecond longer. With
/// twenty thousand who wait it reaches the longest: 8,000 ask in a second then.
const PER_MS: u64 = 8;

/// Who was told to come again lately.
#[derive(Debug)]
pub struct Spread {
    told: Mutex<Told>,
}

#[derive(Debug)]
struct Told {
    /// When the span that is under way began.
    began: Instant,
    in_this_span: u64,
    in_the_last: u64,
}

impl Default for Spread {
    fn default() -> Self {
        Self {
            told: Mutex::new(Told {
                began: Instant::now(),
                in_this_span: 0,
                in_the_last: 0,
            }),
        }
    }
}

impl Spread {
    /// In how many milliseconds the next one is to come again.
    pub fn next_ms(&self) -> u64 {
        let lately = self.told.lock().count(Instant::now());
        let longest = (SHORTEST_MS + lately / PER_MS).min(LONGEST_MS);
        rand::rng().random_range(longest / 4..=longest)
    }
}

impl Told {
    /// Counts one more, and says how many there were within the span before now:
    /// of the last one as much as reaches into it.
    fn count(&mut self, now: Instant) -> u64 {
        let mut since = now.saturating_duration_since(self.began);
        if since >= SPAN {
            self.in_the_last = if since < 2 * SPAN {
                self.in_this_span
            } else {
                0
            };
            self.in_this_span = 0;
            since = if since < 2 * SPAN {
                since - SPAN
            } else {
                Duration::ZERO
            };
            self.began = now - since;
        }
        self.in_this_span += 1;
        let reaches = (SPAN - since).as_millis() as u64;
        self.in_this_span + self.in_the_last * reaches / SPAN_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_told_to_come_soon_each_at_a_time_of_its_own() {
        let spread = Spread::default();
        let told: Vec<_> = (0..200).map(|_| spread.next_ms()).collect();
        assert!(told.iter().all(|&ms| (250..=1_025).contains(&ms)));
        assert!(told.iter().any(|&ms| ms < 400) && told.iter().any(|&ms| ms > 850));
    }

    #[test]
    fn many_are_told_to_come_later_and_nobody_later_than_the_longest() {
        let spread = Spread::default();
        for _ in 0..100_000 {
            spread.next_ms();
        }
        let told: Vec<_> = (0..1_000).map(|_| spread.next_ms()).collect();
        assert!(told.iter().all(|&ms| (1_000..=4_000).contains(&ms)));
        assert!(told.iter().any(|&ms| ms > 3_600));
    }

    #[test]
    fn those_of_long_ago_do_not_count() {
        let start = Instant::now();
        let mut told = Told {
            began: start,
            in_this_span: 8_000,
            in_the_last: 0,
        };
        let counts: Vec<_> = [0, 5_000, 7_500, 10_000, 30_000]
            .into_iter()
            .map(|ms| told.count(start + Duration::from_millis(ms)))
            .collect();
        assert_eq!(counts, [8_001, 8_002, 4_002, 3, 1]);
    }
}
