//! How long members were away against how long they meant to be: from a drop to
//! the end of the pause that was drawn for it, and where a connection was lost
//! not at all.

use crate::engine::{Latency, Nanos, SeatId};

/// The absences of all members.
#[derive(Debug, Default)]
pub(super) struct Absences {
    /// By seat; `None` while it is there.
    under_way: Vec<Option<Absence>>,
    /// By how much longer they were than meant.
    longer: Latency,
    worst: Option<(SeatId, Absence, Nanos)>,
}

#[derive(Debug, Clone)]
struct Absence {
    began: Nanos,
    meant_until: Nanos,
    failures: u32,
    /// What became of the last attempt to come back.
    last_failure: Option<String>,
}

impl Absences {
    /// A member is gone, and means to be back then.
    pub(super) fn begin(&mut self, seat: SeatId, now: Nanos, meant_until: Nanos) {
        *self.of(seat) = Some(Absence {
            began: now,
            meant_until,
            failures: 0,
            last_failure: None,
        });
    }

    /// A connection was lost, or could not be made.
    pub(super) fn lost(&mut self, seat: SeatId, now: Nanos, why: &str) {
        match self.of(seat) {
            None => self.begin(seat, now, now),
            Some(absence) => {
                absence.failures += 1;
                absence.last_failure = Some(why.to_owned());
            }
        }
    }

    /// A member is back in all its rooms.
    pub(super) fn end(&mut self, seat: SeatId, now: Nanos) {
        let Some(absence) = self.of(seat).take() else {
            return;
        };
        let longer = now.micros_since(absence.meant_until);
        self.longer.record(longer);
        let worst = self
            .worst
            .as_ref()
            .map(|(_, worst, ended)| ended.micros_since(worst.meant_until));
        if worst.is_none_or(|worst| longer > worst) {
            self.worst = Some((seat, absence, now));
        }
    }

    /// By how much longer than meant, of all that have ended.
    pub(super) fn longer(&self) -> &Latency {
        &self.longer
    }

    /// The worst one in words.
    pub(super) fn worst(&self) -> Option<String> {
        let (seat, absence, ended) = self.worst.as_ref()?;
        let after = match &absence.last_failure {
            None => "the first attempt succeeded".to_owned(),
            Some(why) => format!("{} attempts failed, the last: {why}", absence.failures),
        };
        Some(format!(
            "the longest absence against what was meant: connection {} was away for {:.2} s and meant {:.2} s; {after}",
            seat.0 + 1,
            ended.seconds_since(absence.began),
            absence.meant_until.seconds_since(absence.began),
        ))
    }

    fn of(&mut self, seat: SeatId) -> &mut Option<Absence> {
        let index = seat.0 as usize;
        if self.under_way.len() <= index {
            self.under_way.resize(index + 1, None);
        }
        &mut self.under_way[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64) -> Nanos {
        Nanos(0).plus_seconds(seconds)
    }

    #[test]
    fn only_what_is_longer_than_meant_counts() {
        let (one, two) = (SeatId(0), SeatId(7));
        let mut absences = Absences::default();
        absences.begin(one, at(1.0), at(3.0));
        absences.lost(one, at(3.1), "refused");
        absences.end(one, at(3.5));
        // Lost: it did not mean to be away at all.
        absences.lost(two, at(5.0), "closed with 4000");
        absences.lost(two, at(5.1), "refused");
        absences.lost(two, at(6.0), "reset");
        absences.end(two, at(7.0));
        // Nobody was away.
        absences.end(two, at(9.0));
        let longer = absences.longer().quantiles();
        assert_eq!(longer.count, 2);
        assert!(
            (499_000..501_000).contains(&longer.p50_us),
            "{}",
            longer.p50_us
        );
        assert!(
            (1_990_000..2_010_000).contains(&longer.max_us),
            "{}",
            longer.max_us
        );
        let worst = absences.worst().unwrap();
        assert!(
            worst.contains("connection 8 was away for 2.00 s and meant 0.00 s"),
            "{worst}"
        );
        assert!(
            worst.ends_with("2 attempts failed, the last: reset"),
            "{worst}"
        );
    }
}
