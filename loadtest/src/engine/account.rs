//! The measured span, and what is said of it in the end.

use super::{Engine, Nanos, RoomIndex, tally::Span};
use crate::outcome::Counts;

impl Engine {
    /// From here on it is measured.
    pub(crate) fn begin(&mut self) {
        let began = self.now();
        self.tally.begin();
        self.measured = self.ledger.next().0..u32::MAX;
        self.span = Some(Span {
            began,
            delivered_before: self.tally.delivered,
            row_ends: began.plus_seconds(1.0),
        });
    }

    /// Ends the measured span: how long it was in seconds, and how many
    /// deliveries came in it, of whatever message. The measured messages are
    /// those that were sent in it; their deliveries count however late.
    pub(crate) fn end(&mut self) -> (f64, u64) {
        let now = self.now();
        self.measured.end = self.ledger.next().0.max(self.measured.start);
        let Some(span) = self.span.take() else {
            return (0.0, 0);
        };
        let delivered = self.tally.delivered - span.delivered_before;
        let rest = now.0 + 1_000_000_000 - span.row_ends.0;
        // A stump of a second would look like a collapse.
        if rest > 500_000_000 {
            self.tally.end_second(now.seconds_since(span.began));
        }
        (now.seconds_since(span.began), delivered)
    }

    /// Ends the rows of the timeline whose second has passed.
    pub(super) fn end_rows(&mut self) {
        let Some(span) = &mut self.span else { return };
        let now = Nanos(self.started.elapsed().as_nanos() as u64);
        if now >= span.row_ends {
            self.tally.end_second(now.seconds_since(span.began));
            span.row_ends = now.plus_seconds(1.0);
        }
    }

    /// Has [`Engine::take_finished`] tell which messages reached everybody.
    pub(crate) fn tell_finished(&mut self) {
        self.finished.get_or_insert_default();
    }

    /// The rooms of the messages that reached everybody, or were refused, since
    /// this was asked last: one for each message.
    pub(crate) fn take_finished(&mut self, into: &mut Vec<RoomIndex>) {
        into.clear();
        if let Some(finished) = &mut self.finished {
            std::mem::swap(finished, into);
        }
    }

    /// Events that visitors should have had between two that they had. What
    /// members lack is in the counts.
    pub(crate) fn visitors_missed(&self) -> u64 {
        let seats = self.seats.iter().filter(|seat| seat.visitor);
        let memberships = seats.flat_map(|seat| &self.memberships[seat.membership_range()]);
        memberships
            .map(|member| u64::from(member.events.holes))
            .sum()
    }

    /// What was counted, and the latencies of what came after the span taken in.
    pub(crate) fn counts(&mut self) -> Counts {
        self.tally.settle();
        Counts {
            connections: self.seats.len() as u64,
            sent: self.tally.measured_sent,
            acknowledged: self.tally.measured_acknowledged,
            refused: self.tally.measured_refused,
            expected: self.tally.measured_expected,
            received: self.tally.measured_received,
            missing: self.ledger.missing(),
            doubled: self.tally.doubled,
            disordered: self.tally.disordered,
            lost_connections: self.tally.lost_connections,
        }
    }
}

impl Engine {
    /// Takes everything that was sent for settled and all faults so far for
    /// forgiven: what follows is judged by itself.
    pub(crate) fn forgive(&mut self) {
        self.ledger.forgive();
        self.tally.doubled = 0;
        self.tally.disordered = 0;
        self.tally.lost_connections = 0;
        self.reasons.clear();
        for membership in &mut self.memberships {
            membership.unanswered = 0;
        }
    }
}
