//! What the engine counts while it runs: latencies, faults, and a row for each
//! second. Nothing here decides anything.

use hdrhistogram::Histogram;

use super::{ids::Nanos, order::Standing};
use crate::outcome::{Moment, Quantiles};

/// An hour, in microseconds: what lasts longer is recorded as this.
const LONGEST_US: u64 = 3_600_000_000;

/// Latencies of one thing, in microseconds.
#[derive(Debug, Clone)]
pub(crate) struct Latency(Histogram<u64>);

impl Default for Latency {
    fn default() -> Self {
        Self::new()
    }
}

impl Latency {
    pub(crate) fn new() -> Self {
        #[expect(clippy::expect_used, reason = "the bounds are constants that fit")]
        Self(Histogram::new_with_bounds(1, LONGEST_US, 3).expect("bounds of a histogram"))
    }

    #[inline]
    pub(crate) fn record(&mut self, micros: u64) {
        self.0.saturating_record(micros);
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.len()
    }

    pub(crate) fn at_quantile(&self, quantile: f64) -> u64 {
        self.0.value_at_quantile(quantile)
    }

    pub(crate) fn clear(&mut self) {
        // `clear` of the histogram would keep the largest value.
        self.0.reset();
    }

    /// What was recorded, as pairs of microseconds and how often: so that it can
    /// go to another process.
    pub(crate) fn recorded(&self) -> Vec<(u64, u64)> {
        let steps = self.0.iter_recorded();
        steps
            .map(|step| (step.value_iterated_to(), step.count_at_value()))
            .collect()
    }

    /// Takes in what [`Self::recorded`] gave.
    pub(crate) fn record_all(&mut self, recorded: &[(u64, u64)]) {
        for &(micros, times) in recorded {
            self.0.saturating_record_n(micros, times);
        }
    }

    /// Takes in what another one holds.
    pub(crate) fn add(&mut self, other: &Self) {
        #[expect(clippy::expect_used, reason = "both have the bounds of `new`")]
        self.0.add(&other.0).expect("equal bounds");
    }

    /// The quantiles, and a curve to draw.
    pub(crate) fn quantiles(&self) -> Quantiles {
        if self.0.is_empty() {
            return Quantiles::default();
        }
        let at = |quantile| self.0.value_at_quantile(quantile);
        Quantiles {
            count: self.0.len(),
            mean_us: self.0.mean(),
            p50_us: at(0.5),
            p90_us: at(0.9),
            p99_us: at(0.99),
            p99_9_us: at(0.999),
            p99_99_us: at(0.9999),
            max_us: self.0.max(),
            curve: self
                .0
                .iter_quantiles(5)
                .map(|step| (step.quantile(), step.value_iterated_to().min(self.0.max())))
                .collect(),
        }
    }
}

/// Everything that is counted.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Messages written, ever.
    pub(crate) sent: u64,
    /// Deliveries that came as expected, ever.
    pub(crate) delivered: u64,
    pub(crate) acknowledged: u64,
    pub(crate) refused: u64,
    pub(crate) doubled: u64,
    pub(crate) disordered: u64,
    pub(crate) lost_connections: u64,
    /// Pings of servers that were answered, ever.
    pub(crate) heartbeats: u64,

    /// Of the measured messages: deliveries that must come, and have come.
    pub(crate) measured_sent: u64,
    pub(crate) measured_expected: u64,
    pub(crate) measured_received: u64,
    pub(crate) measured_acknowledged: u64,
    pub(crate) measured_refused: u64,
    /// From the intended time of sending to each member.
    pub(crate) delivery: Latency,
    /// The same, from when the member was there to take it, where that was
    /// later: neither away nor stalled. Only where logs are audited.
    pub(crate) there: Latency,
    /// From the intended time of sending to the answer.
    pub(crate) acknowledgement: Latency,
    /// From the intended time of sending to the writing: the generator's own lateness.
    pub(crate) lateness: Latency,

    /// From the intended time of connecting to the answer of the last join.
    pub(crate) connect: Latency,
    /// The same, of seats that came back with a cursor.
    pub(crate) resume: Latency,
    /// From the standing WebSocket to having everything, of the same.
    pub(crate) catch_up: Latency,
    /// Events that came in answers to cursors.
    pub(crate) recovered: u64,
    /// Cursors that were answered with a fresh snapshot.
    pub(crate) not_recovered: u64,

    second: Second,
    pub(crate) timeline: Vec<Moment>,
}

/// The second that is under way.
#[derive(Debug, Default)]
struct Second {
    latency: Latency,
    sent_before: u64,
    delivered_before: u64,
}

impl Tally {
    /// Counts how something stands to what came before it; `false` where it has
    /// come before.
    #[inline]
    pub(crate) fn is_new(&mut self, standing: Standing) -> bool {
        self.disordered += u64::from(standing == Standing::Late);
        self.doubled += u64::from(standing == Standing::Again);
        standing != Standing::Again
    }

    /// Deliveries and answers that came as expected, ever.
    pub(crate) fn came(&self) -> u64 {
        self.delivered + self.acknowledged + self.refused
    }

    /// A measured message came to a member.
    #[inline]
    pub(crate) fn measured_delivery(&mut self, micros: u64) {
        self.measured_received += 1;
        self.second.latency.record(micros);
    }

    /// Forgets the latencies and rows so far: from here on it is measured.
    pub(crate) fn begin(&mut self) {
        self.delivery.clear();
        self.there.clear();
        self.acknowledgement.clear();
        self.lateness.clear();
        self.timeline.clear();
        self.measured_sent = 0;
        self.measured_expected = 0;
        self.measured_received = 0;
        self.measured_acknowledged = 0;
        self.measured_refused = 0;
        self.begin_second();
    }

    fn begin_second(&mut self) {
        self.second.latency.clear();
        self.second.sent_before = self.sent;
        self.second.delivered_before = self.delivered;
    }

    /// Ends a second of the measured span; `at_s` is where it ends.
    pub(crate) fn end_second(&mut self, at_s: f64) {
        let second = &self.second;
        self.timeline.push(Moment {
            at_s,
            sent: self.sent - second.sent_before,
            received: self.delivered - second.delivered_before,
            p50_us: second.latency.at_quantile(0.5),
            p99_us: second.latency.at_quantile(0.99),
            max_us: second.latency.at_quantile(1.0),
        });
        self.settle();
        self.begin_second();
    }

    /// Moves what the second under way holds to the whole.
    pub(crate) fn settle(&mut self) {
        self.delivery.add(&self.second.latency);
        self.second.latency.clear();
    }
}

/// The measured span of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) began: Nanos,
    pub(crate) delivered_before: u64,
    /// When the row of the timeline that is being filled ends.
    pub(crate) row_ends: Nanos,
}
