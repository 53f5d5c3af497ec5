//! When an issuer is asked for its keys because of a token: at most once a minute,
//! and once for all who want it.

use std::time::{Duration, Instant};

/// How often an issuer is asked at most because of a key that is not known.
const AT_MOST_EVERY: Duration = Duration::from_secs(60);

/// The questions to an issuer, counted: one is under way at a time.
#[derive(Debug)]
pub(super) struct Rounds {
    begun: u64,
    ended: u64,
    /// The last that somebody asked for.
    wanted: u64,
    asked_at: Option<Instant>,
    /// When the next one comes by itself.
    next_at: Instant,
}

/// What somebody is told who wants the keys of now.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// They come with this round. It begins after this moment, or began before.
    Wait {
        /// Its number.
        round: u64,
        /// Whether what it brings is of after this moment.
        is_later: bool,
    },
    /// Not before so long.
    NotYet(Duration),
}

impl Rounds {
    /// The first round begins by itself, at once.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            begun: 0,
            ended: 0,
            wanted: 1,
            asked_at: None,
            next_at: now,
        }
    }

    /// Somebody wants the keys of `now`.
    pub(super) fn ask(&mut self, now: Instant) -> Turn {
        if self.wanted > self.ended {
            return Turn::Wait {
                round: self.wanted,
                is_later: self.wanted > self.begun,
            };
        }
        let until_allowed = self.asked_at.map_or(Duration::ZERO, |at| {
            AT_MOST_EVERY.saturating_sub(now.saturating_duration_since(at))
        });
        if !until_allowed.is_zero() {
            let until_next = self.next_at.saturating_duration_since(now);
            return Turn::NotYet(until_allowed.min(until_next));
        }
        self.asked_at = Some(now);
        self.wanted = self.begun + 1;
        Turn::Wait {
            round: self.wanted,
            is_later: true,
        }
    }

    /// Whether somebody waits for a round that has not begun.
    pub(super) fn is_wanted(&self) -> bool {
        self.wanted > self.begun
    }

    /// A round begins.
    pub(super) fn begin(&mut self) {
        self.begun += 1;
    }

    /// It has ended, and the next one comes by itself in so long. Gives its number.
    pub(super) fn end(&mut self, now: Instant, next_in: Duration) -> u64 {
        self.ended = self.begun;
        self.next_at = now + next_in;
        self.ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn wait(round: u64, is_later: bool) -> Turn {
        Turn::Wait { round, is_later }
    }

    #[test]
    fn all_wait_for_the_same_question_and_the_next_comes_a_minute_later() {
        let start = Instant::now();
        let mut rounds = Rounds::new(start);
        assert_eq!(rounds.ask(start), wait(1, true), "the first has to come");
        rounds.begin();
        assert_eq!(rounds.ask(start), wait(1, false));
        assert_eq!(rounds.end(start, 300 * SECOND), 1);

        assert_eq!(rounds.ask(start + SECOND), wait(2, true));
        rounds.begin();
        assert_eq!(rounds.ask(start + 2 * SECOND), wait(2, false));
        rounds.end(start + 3 * SECOND, 300 * SECOND);
        assert_eq!(rounds.ask(start + 11 * SECOND), Turn::NotYet(50 * SECOND));
        assert_eq!(rounds.ask(start + 61 * SECOND), wait(3, true));
    }

    #[test]
    fn a_question_that_comes_by_itself_is_none_of_those() {
        let start = Instant::now();
        let mut rounds = Rounds::new(start);
        rounds.begin();
        rounds.end(start, SECOND);
        rounds.begin();
        // What is under way began too early to tell of a key that is used just now.
        assert_eq!(rounds.ask(start + SECOND), wait(3, true));
        rounds.end(start + SECOND, 2 * SECOND);
        assert_eq!(rounds.ask(start + SECOND), wait(3, true));
        rounds.begin();
        rounds.end(start + 2 * SECOND, 4 * SECOND);
        // Behind a failure it is asked again by itself, and sooner.
        assert_eq!(rounds.ask(start + 3 * SECOND), Turn::NotYet(3 * SECOND));
    }
}
