//! When something is due: a fixed rate from a fixed beginning, however late
//! those who ask are. That is what keeps a stalled server from hiding.

use super::ids::Nanos;

/// Times at a rate.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    began: Nanos,
    /// Nanoseconds from one to the next.
    step: f64,
    taken: u64,
}

impl Schedule {
    /// `rate` a second from `began`; it must be above 0.
    pub(crate) fn new(began: Nanos, rate: f64) -> Self {
        Self {
            began,
            step: 1e9 / rate,
            taken: 0,
        }
    }

    /// When the next one is due.
    pub(crate) fn next(&self) -> Nanos {
        Nanos(self.began.0 + (self.taken as f64 * self.step) as u64)
    }

    /// Takes the next one where it is due by `now`.
    pub(crate) fn take_due(&mut self, now: Nanos) -> Option<Nanos> {
        let due = self.next();
        (due <= now).then(|| {
            self.taken += 1;
            due
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_caller_gets_every_time_that_has_passed() {
        let mut schedule = Schedule::new(Nanos(1_000), 1e6);
        assert_eq!(schedule.take_due(Nanos(999)), None);
        let taken: Vec<_> = std::iter::from_fn(|| schedule.take_due(Nanos(5_000))).collect();
        assert_eq!(taken, [1_000, 2_000, 3_000, 4_000, 5_000].map(Nanos));
        assert_eq!(schedule.next(), Nanos(6_000));
    }

    #[test]
    fn a_rate_that_divides_nothing_does_not_drift() {
        let mut schedule = Schedule::new(Nanos(0), 3.0);
        let hour = Nanos(3_600_000_000_000);
        let taken = std::iter::from_fn(|| schedule.take_due(hour)).count();
        assert!((10_800..=10_801).contains(&taken));
    }
}
