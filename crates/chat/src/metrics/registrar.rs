//! Making metrics: each is in the registry from the start, so that what has not
//! happened yet is there as a zero.

use prometheus::{
    Counter, Gauge, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec,
    Opts, Registry, core::Collector,
};

/// The bounds of the buckets of spans, in seconds, each about half as large again.
const BUCKETS: [f64; 29] = [
    0.0001, 0.000_15, 0.0002, 0.0003, 0.0005, 0.0007, 0.001, 0.0015, 0.002, 0.003, 0.005, 0.007,
    0.01, 0.015, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0,
];

/// Makes metrics that are in the registry from the start.
#[derive(Debug)]
pub struct Registrar(pub Registry);

// The names and labels are constants of the program, well-formed and each there
// once; a test makes all of them.
#[allow(clippy::expect_used)]
impl Registrar {
    fn register<C: Collector + Clone + 'static>(&self, made: prometheus::Result<C>) -> C {
        let metric = made.expect("a well-formed name");
        self.0
            .register(Box::new(metric.clone()))
            .expect("a name of its own");
        metric
    }

    /// A whole number that goes up and down.
    pub fn gauge(&self, name: &str, help: &str) -> IntGauge {
        self.register(IntGauge::new(name, help))
    }

    /// A number that goes up and down.
    pub fn float_gauge(&self, name: &str, help: &str) -> Gauge {
        self.register(Gauge::new(name, help))
    }

    /// A number that only goes up.
    pub fn float_counter(&self, name: &str, help: &str) -> Counter {
        self.register(Counter::new(name, help))
    }

    /// A whole number that only goes up.
    pub fn counter(&self, name: &str, help: &str) -> IntCounter {
        self.register(IntCounter::new(name, help))
    }

    /// Counters told apart by one label.
    pub fn counters(&self, name: &str, help: &str, label: &str) -> IntCounterVec {
        self.counters_by(name, help, &[label])
    }

    /// Counters told apart by several labels.
    pub fn counters_by(&self, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
        self.register(IntCounterVec::new(Opts::new(name, help), labels))
    }

    /// A gauge that is 1 for as long as the process lives and says something by its labels.
    pub fn fact(&self, name: &str, help: &str, label: &str, value: &str) {
        let facts = self.register(IntGaugeVec::new(Opts::new(name, help), &[label]));
        facts.with_label_values(&[value]).set(1);
    }

    /// Spans of time in seconds.
    pub fn histogram(&self, name: &str, help: &str) -> Histogram {
        let options = HistogramOpts::new(name, help).buckets(BUCKETS.to_vec());
        self.register(Histogram::with_opts(options))
    }
}
