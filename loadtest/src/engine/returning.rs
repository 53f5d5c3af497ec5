//! When a connection that was lost is to be made again, as the protocol has it;
//! and attempts that lead to nothing.

use rand::Rng;
use rookery_client::Backoff;

use super::{Engine, Happened, Nanos, SeatId};

/// A connection that stood for so long, in seconds, was a success.
const STABLE_S: f64 = 5.0;

/// An attempt to connect that is given up when its time is over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempt {
    until: Nanos,
    seat: SeatId,
    /// When it was to begin: no two attempts of a seat share that.
    asked_at: Nanos,
}

impl Engine {
    /// When a seat whose connection was lost connects again: when the server
    /// said, else after a random wait that is longer with each failure.
    pub(crate) fn comes_back_at(&mut self, id: SeatId, rng: &mut impl Rng) -> Nanos {
        let now = self.now();
        let seat = &mut self.seats[id.0 as usize];
        if let Some(told) = seat.rare.as_mut().and_then(|rare| rare.told.take()) {
            seat.failures = 0;
            return told.max(now);
        }
        let wait = Backoff::default().wait(u32::from(seat.failures), rng);
        seat.failures = seat.failures.saturating_add(1);
        now.plus_seconds(wait.as_secs_f64())
    }

    /// Has attempts to connect given up that did not lead into all rooms for
    /// so long, as a client does.
    pub(crate) fn give_up_attempts_after(&mut self, seconds: f64) {
        self.patience_s = Some(seconds);
    }

    /// The server said when to come back.
    pub(super) fn tell(&mut self, id: SeatId, after_ms: u32) {
        let at = self.now().plus_seconds(f64::from(after_ms) / 1e3);
        self.seats[id.0 as usize].rare().told = Some(at);
    }

    /// What a connection that is ending was good for.
    pub(super) fn judge(&mut self, id: SeatId) {
        let now = self.now();
        let seat = &mut self.seats[id.0 as usize];
        if now.seconds_since(seat.upgraded_at) >= STABLE_S {
            seat.failures = 0;
        }
    }

    /// An attempt begins.
    pub(super) fn note_attempt(&mut self, id: SeatId) {
        let now = self.now();
        let seat = &mut self.seats[id.0 as usize];
        let asked_at = seat.asked_at;
        if let Some(rare) = &mut seat.rare {
            rare.told = None;
        }
        if let Some(seconds) = self.patience_s {
            self.attempts_under_way.push_back(Attempt {
                until: now.plus_seconds(seconds),
                seat: id,
                asked_at,
            });
        }
    }

    /// Gives up what has taken too long.
    pub(super) fn give_up_attempts(&mut self, now: Nanos) {
        while let Some(&attempt) = self.attempts_under_way.front() {
            if attempt.until > now {
                return;
            }
            self.attempts_under_way.pop_front();
            let seat = &self.seats[attempt.seat.0 as usize];
            if seat.asked_at == attempt.asked_at && seat.phase.under_way() {
                let why = format!("given up while {}", seat.phase.words());
                self.forget(attempt.seat);
                self.note_reason(why.clone());
                let seat = attempt.seat;
                self.happened.push(Happened::GivenUp { seat, why });
            }
        }
    }
}
