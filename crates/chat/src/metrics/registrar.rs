//! Making metrics: each is in the registry from the start, so that what has not
//! happened yet is there as a zero.
//!
//! Names of counters stand here without their `_total`: the library adds it.

use std::{hash::Hash, sync::atomic::AtomicU64};

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, info::Info},
    registry::{Metric, Registry},
};

use super::Histogram;

/// Makes metrics that are in the registry from the start.
#[derive(Debug, Default)]
pub struct Registrar(pub Registry);

impl Registrar {
    fn register<M: Metric + Clone + Default>(&mut self, name: &str, help: &str) -> M {
        let metric = M::default();
        self.0.register(name, help, metric.clone());
        metric
    }

    /// A whole number that goes up and down.
    pub fn gauge(&mut self, name: &str, help: &str) -> Gauge {
        self.register(name, help)
    }

    /// A number that goes up and down.
    pub fn float_gauge(&mut self, name: &str, help: &str) -> Gauge<f64, AtomicU64> {
        self.register(name, help)
    }

    /// A number that only goes up.
    pub fn float_counter(&mut self, name: &str, help: &str) -> Counter<f64, AtomicU64> {
        self.register(name, help)
    }

    /// A whole number that only goes up.
    pub fn counter(&mut self, name: &str, help: &str) -> Counter {
        self.register(name, help)
    }

    /// Counters told apart by labels; whoever counts often takes its own out beforehand.
    pub fn counters<L>(&mut self, name: &str, help: &str) -> Family<L, Counter>
    where
        L: EncodeLabelSet + Clone + Hash + Eq + std::fmt::Debug + Send + Sync + 'static,
    {
        self.register(name, help)
    }

    /// What stays as it is for as long as the process lives; `_info` is added to the name.
    pub fn fact(&mut self, name: &str, help: &str, label: &'static str, value: &'static str) {
        self.0.register(name, help, Info::new([(label, value)]));
    }

    /// Spans of time in seconds.
    pub fn histogram(&mut self, name: &str, help: &str) -> Histogram {
        self.register(name, help)
    }
}
