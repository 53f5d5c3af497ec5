//! How many frames a connection may send.
//!
//! A token bucket that goes into debt: a refused frame costs as much as one
//! that is carried out. Who waits as told is served again; who goes on
//! regardless sinks until the debt is as large as the burst, and is closed.
//! What is no message costs too, if little: a pong, a part of a message.

use rookery_chat::Moment;

use crate::settings::LimitSettings;

/// What a frame takes out of an allowance, in messages.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cost(f32);

impl Cost {
    /// A message, or a ping: what is answered.
    pub(crate) const MESSAGE: Self = Self(1.0);
    /// A pong. So many of them cost a message that one who answers our pings,
    /// or sends some unasked as a sign of life, never notices.
    pub(crate) const PONG: Self = Self(1.0 / 16.0);

    /// A part of a message, with so many bytes: together as much as a pong each
    /// and one message for as many bytes as a message may have.
    pub(crate) fn of_part(bytes: usize, limits: &LimitSettings) -> Self {
        match limits.frame_bytes {
            0 => Self::PONG,
            most => Self(Self::PONG.0 + bytes as f32 / most as f32),
        }
    }

    /// A message of so many bytes that is refused for its size.
    pub(crate) fn of_too_large(bytes: usize, limits: &LimitSettings) -> Self {
        Self(Self::MESSAGE.0 + Self::of_part(bytes, limits).0)
    }
}

/// What became of one frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Charged {
    /// It may be carried out.
    Paid,
    /// It is refused; after so many milliseconds one is carried out again.
    Wait { ms: u64 },
    /// The client went on regardless for too long.
    Flooding,
}

/// The allowance of one connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bucket {
    tokens: f32,
    filled: Moment,
    /// Joins that cost nothing: a client that comes back joins all its rooms at once.
    free_joins: u32,
}

impl Bucket {
    /// A full one.
    pub(crate) fn new(limits: &LimitSettings) -> Self {
        Self {
            tokens: burst(limits),
            filled: Moment::now(),
            free_joins: match limits.rooms_per_connection {
                0 => u32::MAX,
                rooms => u32::try_from(rooms).unwrap_or(u32::MAX),
            },
        }
    }

    /// Takes one of the free joins; false where they are used up.
    pub(crate) fn take_free_join(&mut self) -> bool {
        let free = self.free_joins > 0;
        self.free_joins = self.free_joins.saturating_sub(1);
        free
    }

    /// Takes what a frame costs, or takes it into debt.
    pub(crate) fn charge(&mut self, cost: Cost, now: Moment, limits: &LimitSettings) -> Charged {
        if limits.send_rate == 0 {
            return Charged::Paid;
        }
        let rate = limits.send_rate as f32;
        let burst = burst(limits);
        let seconds = now.saturating_duration_since(self.filled).as_secs_f32();
        self.filled = now;
        self.tokens = (self.tokens + seconds * rate).min(burst) - cost.0;
        if self.tokens >= 0.0 {
            return Charged::Paid;
        }
        if self.tokens < -burst {
            return Charged::Flooding;
        }
        // Out of debt, and the one that the next frame takes.
        Charged::Wait {
            ms: ((1.0 - self.tokens) / rate * 1000.0).ceil() as u64,
        }
    }
}

/// The size of a full bucket: at least one frame.
fn burst(limits: &LimitSettings) -> f32 {
    (limits.send_burst as f32).max(1.0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn limits() -> LimitSettings {
        LimitSettings {
            send_rate: 10,
            send_burst: 5,
            ..LimitSettings::default()
        }
    }

    #[test]
    fn a_burst_is_paid_then_one_waits_and_is_served_again() {
        let limits = limits();
        let mut bucket = Bucket::new(&limits);
        let now = bucket.filled;
        for _ in 0..5 {
            assert_eq!(bucket.charge(Cost::MESSAGE, now, &limits), Charged::Paid);
        }
        let Charged::Wait { ms } = bucket.charge(Cost::MESSAGE, now, &limits) else {
            panic!()
        };
        let later = now + Duration::from_millis(ms);
        assert_eq!(bucket.charge(Cost::MESSAGE, later, &limits), Charged::Paid);
        let refused = bucket.charge(Cost::MESSAGE, later, &limits);
        assert!(
            matches!(refused, Charged::Wait { .. }),
            "no longer than needed"
        );
    }

    #[test]
    fn going_on_regardless_is_flooding() {
        let limits = limits();
        let mut bucket = Bucket::new(&limits);
        let now = bucket.filled;
        let all: Vec<_> = (0..11)
            .map(|_| bucket.charge(Cost::MESSAGE, now, &limits))
            .collect();
        assert!(matches!(all[9], Charged::Wait { .. }));
        assert_eq!(all[10], Charged::Flooding);
    }

    #[test]
    fn what_is_no_message_costs_little_and_a_flood_of_it_is_flooding() {
        let limits = limits();
        let until_flooding = |cost: Cost| {
            let mut bucket = Bucket::new(&limits);
            let now = bucket.filled;
            (1..=10_000)
                .find(|_| bucket.charge(cost, now, &limits) == Charged::Flooding)
                .unwrap_or(usize::MAX)
        };
        assert_eq!(until_flooding(Cost::MESSAGE), 11);
        assert_eq!(until_flooding(Cost::PONG), 161);
        assert_eq!(until_flooding(Cost::of_part(0, &limits)), 161);
        let whole = limits.frame_bytes;
        assert_eq!(until_flooding(Cost::of_part(whole, &limits)), 10);
        assert_eq!(until_flooding(Cost::of_too_large(9 * whole, &limits)), 1);
        let lifted = LimitSettings {
            frame_bytes: 0,
            ..limits.clone()
        };
        assert_eq!(Cost::of_part(1 << 30, &lifted), Cost::PONG);
    }

    #[test]
    fn as_many_joins_are_free_as_there_may_be_rooms() {
        let limits = LimitSettings {
            rooms_per_connection: 2,
            ..limits()
        };
        let mut bucket = Bucket::new(&limits);
        assert!(bucket.take_free_join() && bucket.take_free_join());
        assert!(!bucket.take_free_join());
    }

    #[test]
    fn zero_is_no_limit() {
        let limits = LimitSettings {
            send_rate: 0,
            ..limits()
        };
        let mut bucket = Bucket::new(&limits);
        let now = bucket.filled;
        assert!((0..1000).all(|_| bucket.charge(Cost::MESSAGE, now, &limits) == Charged::Paid));
    }
}
