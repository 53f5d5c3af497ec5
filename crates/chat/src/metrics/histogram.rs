//! Spans of time, counted by how long they were.
//!
//! The library's own histogram has a lock on the way of each message, and does
//! not tell what it counted.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use prometheus_client::{
    encoding::{EncodeMetric, MetricEncoder, NoLabelSet},
    metrics::MetricType,
};

/// The upper bounds of the buckets, in seconds, each about half as large again.
const BOUNDS: [f64; 29] = [
    0.0001, 0.000_15, 0.0002, 0.0003, 0.0005, 0.0007, 0.001, 0.0015, 0.002, 0.003, 0.005, 0.007,
    0.01, 0.015, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0,
];

/// How many spans were how long. Clones are the same histogram.
#[derive(Debug, Clone, Default)]
pub struct Histogram(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    /// One for each bound, and one for what is longer than all of them.
    buckets: [AtomicU64; BOUNDS.len() + 1],
    nanoseconds: AtomicU64,
}

impl Histogram {
    /// Counts one span.
    pub(crate) fn observe(&self, span: Duration) {
        let seconds = span.as_secs_f64();
        let bucket = BOUNDS.partition_point(|bound| *bound < seconds);
        self.0.buckets[bucket].fetch_add(1, Relaxed);
        let nanoseconds = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        self.0.nanoseconds.fetch_add(nanoseconds, Relaxed);
    }

    /// Upper bounds in seconds, and how many spans were at most that long.
    pub fn cumulative(&self) -> Vec<(f64, u64)> {
        let mut so_far = 0;
        BOUNDS
            .iter()
            .zip(&self.0.buckets)
            .map(|(bound, bucket)| {
                so_far += bucket.load(Relaxed);
                (*bound, so_far)
            })
            .collect()
    }
}

impl EncodeMetric for Histogram {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        let bounds = BOUNDS.into_iter().chain([f64::INFINITY]);
        let counts = self.0.buckets.iter().map(|bucket| bucket.load(Relaxed));
        let buckets: Vec<_> = bounds.zip(counts).collect();
        // Of what was read, so that it agrees with the last bucket.
        let count = buckets.iter().map(|(_, count)| count).sum();
        let sum = Duration::from_nanos(self.0.nanoseconds.load(Relaxed)).as_secs_f64();
        encoder.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::{encoding::text::encode, registry::Registry};

    use super::*;

    #[test]
    fn spans_are_counted_where_they_belong_and_can_be_read_back() {
        let histogram = Histogram::default();
        for microseconds in [50, 100, 101, 4_000_000, 9_000_000] {
            histogram.observe(Duration::from_micros(microseconds));
        }
        let read = histogram.cumulative();
        assert_eq!(read.len(), BOUNDS.len());
        assert_eq!(read[0], (0.0001, 2), "a bound belongs to its bucket");
        assert_eq!(read[1], (0.000_15, 3));
        assert_eq!(read[27], (3.0, 3));
        assert_eq!(read[28], (5.0, 4));

        let mut registry = Registry::default();
        registry.register("took_seconds", "How long it took", histogram);
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        for line in [
            "# TYPE took_seconds histogram",
            "took_seconds_sum 13.000251",
            "took_seconds_count 5",
            "took_seconds_bucket{le=\"0.0001\"} 2",
            "took_seconds_bucket{le=\"0.00015\"} 3",
            "took_seconds_bucket{le=\"5.0\"} 4",
            "took_seconds_bucket{le=\"+Inf\"} 5",
        ] {
            assert!(text.lines().any(|other| other == line), "{line} in {text}");
        }
    }
}
