//! What operators can count: one registry of Prometheus metrics per node.
//!
//! Whatever the hot path touches is one atomic; what belongs to many
//! deliveries is added once per batch. Nothing here decides anything.

mod frames;
mod process;

use std::time::Duration;

use prometheus::{
    Counter, Gauge, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
    TextEncoder,
    core::{Collector, Metric},
};
use rookery_protocol::Command;

use frames::FramesByType;
pub use process::ProcessFigures;
use process::ProcessGauges;

/// The bounds of the buckets of spans, in seconds, each about half as large again.
const BUCKETS: [f64; 29] = [
    0.0001, 0.000_15, 0.0002, 0.0003, 0.0005, 0.0007, 0.001, 0.0015, 0.002, 0.003, 0.005, 0.007,
    0.01, 0.015, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0,
];

/// All metrics of one node.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Open client sockets, with `hello` or without.
    pub connections: IntGauge,
    /// Connections that said `hello`.
    pub sessions: IntGauge,
    /// Rooms that this node follows, also those that everybody has just left.
    pub rooms: IntGauge,
    /// Bytes of recent events that rooms remember.
    pub recent_bytes: IntGauge,
    /// Readings of a part of a room's log: for somebody who comes in, or to heal.
    pub range_reads: IntCounter,
    /// Joins that were answered without reading a log.
    pub joins_from_memory: IntCounter,
    /// Users with a session on this node.
    pub users: IntGauge,
    /// Presence events that came over the bus.
    pub presence_events: IntCounter,
    /// Messages stored for clients of this node.
    pub appends: IntCounter,
    /// Calls of the store that carried appends, brought up to date when somebody asks.
    pub append_calls: IntGauge,
    /// Messages on their way into the store, brought up to date when somebody asks.
    pub sends_in_flight: IntGauge,
    /// Messages that were sent again and were stored already.
    pub duplicates: IntCounter,
    /// Appends that were refused because the store did not answer.
    pub appends_failed: IntCounter,
    /// From the command to the answer of the store, in seconds.
    pub append_seconds: Histogram,
    /// Holes in a room's sequence that were read from the log.
    pub gaps_healed: IntCounter,
    /// Events that were read from the log to fill holes.
    pub events_healed: IntCounter,
    /// Events that other nodes published.
    pub bus_events: IntCounter,
    /// How long the last probe took through the shared channel, in seconds.
    pub bus_lag_seconds: Gauge,
    /// Times that the subscription's buffer overflowed.
    pub bus_lagged: IntCounter,
    /// Times that the subscription was made anew.
    pub bus_reconnects: IntCounter,
    /// How long the last ping of the store took, in seconds.
    pub redis_round_trip_seconds: Gauge,
    /// Bytes that wait for slow readers.
    pub outbox_bytes: IntGauge,
    deliveries: IntCounter,
    delivered_bytes: IntCounter,
    slow_consumers_closed: IntCounter,
    frames: FramesByType,
    closes: IntCounterVec,
    upgrades_refused: IntCounterVec,
    process: ProcessGauges,
}

impl Metrics {
    /// Everything at zero.
    pub fn new() -> Self {
        let new = Registrar(Registry::new());
        Self {
            connections: new.gauge("rookery_connections", "Open client sockets"),
            sessions: new.gauge("rookery_sessions", "Connections that said hello"),
            rooms: new.gauge(
                "rookery_rooms",
                "Rooms that this node follows, also those that everybody has just left",
            ),
            recent_bytes: new.gauge(
                "rookery_recent_bytes",
                "Bytes of recent events that rooms remember (rooms.recent_bytes)",
            ),
            range_reads: new.counter(
                "rookery_range_reads_total",
                "Readings of a part of a log from the store, for joins and to heal",
            ),
            joins_from_memory: new.counter(
                "rookery_joins_from_memory_total",
                "Joins answered without reading the log",
            ),
            users: new.gauge("rookery_users", "Users with a session on this node"),
            presence_events: new.counter(
                "rookery_presence_events_total",
                "Presence events that came over the bus",
            ),
            appends: new.counter(
                "rookery_appends_total",
                "Messages stored for clients of this node",
            ),
            append_calls: new.gauge(
                "rookery_append_calls",
                "Calls of the store so far that carried messages: how many travel together is appends by calls",
            ),
            sends_in_flight: new.gauge(
                "rookery_sends_in_flight",
                "Messages on their way into the store",
            ),
            duplicates: new.counter(
                "rookery_duplicates_total",
                "Messages sent again that were stored already",
            ),
            appends_failed: new.counter(
                "rookery_appends_failed_total",
                "Appends refused because the store did not answer",
            ),
            append_seconds: new.histogram(
                "rookery_append_seconds",
                "From the command to the answer of the store",
            ),
            gaps_healed: new.counter(
                "rookery_gaps_healed_total",
                "Holes in a room's sequence that were read from the log",
            ),
            events_healed: new.counter(
                "rookery_events_healed_total",
                "Events read from the log to fill holes",
            ),
            bus_events: new.counter(
                "rookery_bus_events_total",
                "Events that other nodes published",
            ),
            bus_lag_seconds: new.float_gauge(
                "rookery_bus_lag_seconds",
                "How long the last probe took through the shared channel",
            ),
            bus_lagged: new.counter(
                "rookery_bus_lagged_total",
                "Times that the subscription's buffer overflowed",
            ),
            bus_reconnects: new.counter(
                "rookery_bus_reconnects_total",
                "Times that the subscription was made anew",
            ),
            redis_round_trip_seconds: new.float_gauge(
                "rookery_redis_round_trip_seconds",
                "How long the last ping of the store took",
            ),
            outbox_bytes: new.gauge("rookery_outbox_bytes", "Bytes that wait for slow readers"),
            deliveries: new.counter("rookery_deliveries_total", "Events handed to sessions"),
            delivered_bytes: new.counter(
                "rookery_delivered_bytes_total",
                "Bytes of the events handed to sessions",
            ),
            slow_consumers_closed: new.counter(
                "rookery_slow_consumers_closed_total",
                "Connections closed because their outbox was full (4002)",
            ),
            frames: FramesByType::new(&new.counters(
                "rookery_messages_in_total",
                "Frames from clients",
                "type",
            )),
            closes: new.counters(
                "rookery_closes_total",
                "Connections that ended, by close code or cause",
                "code",
            ),
            upgrades_refused: new.counters(
                "rookery_upgrades_refused_total",
                "WebSocket upgrades refused",
                "reason",
            ),
            process: ProcessGauges::new(&new),
            registry: new.0,
        }
    }

    /// A client's frame was understood.
    pub fn frame_received(&self, command: &Command) {
        self.frames.of(command).inc();
    }

    /// A batch of events went to sessions: how many events times sessions, and their bytes.
    pub fn delivered(&self, deliveries: u64, bytes: u64) {
        self.deliveries.inc_by(deliveries);
        self.delivered_bytes.inc_by(bytes);
    }

    /// The store answered an append.
    pub fn appended(&self, took: Duration, duplicate: bool) {
        self.append_seconds.observe(took.as_secs_f64());
        if duplicate {
            &self.duplicates
        } else {
            &self.appends
        }
        .inc();
    }

    /// More or fewer bytes wait for slow readers.
    pub fn outbox_changed(&self, by: i64) {
        self.outbox_bytes.add(by);
    }

    /// A reader was so slow that its connection was closed.
    pub fn slow_consumer_closed(&self) {
        self.slow_consumers_closed.inc();
    }

    /// A connection ended: its close code, or a word such as `client` or `lost`.
    pub fn connection_closed(&self, code: &str) {
        self.closes.with_label_values(&[code]).inc();
    }

    /// An upgrade was refused: a word such as `origin` or `draining`.
    pub fn upgrade_refused(&self, reason: &'static str) {
        self.upgrades_refused.with_label_values(&[reason]).inc();
    }

    /// A room was brought to the end of its log by so many events; none is no gap.
    pub fn gap_healed(&self, events: u64) {
        if events > 0 {
            self.gaps_healed.inc();
        }
        self.events_healed.inc_by(events);
    }

    /// The last probe came back through the shared channel after this long.
    pub fn bus_lag(&self, lag: Duration) {
        self.bus_lag_seconds.set(lag.as_secs_f64());
    }

    /// The store answered a ping after this long.
    pub fn redis_round_trip(&self, took: Duration) {
        self.redis_round_trip_seconds.set(took.as_secs_f64());
    }

    /// Everything in the text format of Prometheus.
    ///
    /// # Errors
    ///
    /// When a metric cannot be written, which no client causes.
    pub fn render(&self) -> Result<String, prometheus::Error> {
        self.process.refresh();
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }

    /// The sum of what the live view plots.
    pub(crate) fn totals(&self) -> Totals {
        let histogram = self.append_seconds.metric();
        let buckets = histogram.get_histogram().get_bucket();
        Totals {
            messages_in: self.frames.total(),
            appends: self.appends.get(),
            deliveries: self.deliveries.get(),
            delivered_bytes: self.delivered_bytes.get(),
            slow_consumers: self.slow_consumers_closed.get(),
            append_buckets: buckets
                .iter()
                .map(|bucket| (bucket.upper_bound(), bucket.cumulative_count()))
                .collect(),
        }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// Counters at one moment; two of them make a rate.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Totals {
    pub(crate) messages_in: u64,
    pub(crate) appends: u64,
    pub(crate) deliveries: u64,
    pub(crate) delivered_bytes: u64,
    pub(crate) slow_consumers: u64,
    /// Upper bound in seconds and how many appends took at most that long.
    pub(crate) append_buckets: Vec<(f64, u64)>,
}

/// Makes metrics that are in the registry from the start.
struct Registrar(Registry);

// The names and labels are constants of this file, well-formed and each there
// once; the test below makes all of them.
#[allow(clippy::expect_used)]
impl Registrar {
    fn register<C: Collector + Clone + 'static>(&self, made: prometheus::Result<C>) -> C {
        let metric = made.expect("a well-formed name");
        self.0
            .register(Box::new(metric.clone()))
            .expect("a name of its own");
        metric
    }

    fn gauge(&self, name: &str, help: &str) -> IntGauge {
        self.register(IntGauge::new(name, help))
    }

    fn float_gauge(&self, name: &str, help: &str) -> Gauge {
        self.register(Gauge::new(name, help))
    }

    fn float_counter(&self, name: &str, help: &str) -> Counter {
        self.register(Counter::new(name, help))
    }

    fn counter(&self, name: &str, help: &str) -> IntCounter {
        self.register(IntCounter::new(name, help))
    }

    fn counters(&self, name: &str, help: &str, label: &str) -> IntCounterVec {
        self.register(IntCounterVec::new(Opts::new(name, help), &[label]))
    }

    fn histogram(&self, name: &str, help: &str) -> Histogram {
        let options = HistogramOpts::new(name, help).buckets(BUCKETS.to_vec());
        self.register(Histogram::with_opts(options))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_stands_in_the_text() {
        let metrics = Metrics::new();
        metrics.connections.inc();
        metrics.delivered(7, 700);
        metrics.frame_received(&Command::Ping);
        metrics.connection_closed("4002");
        metrics.appended(Duration::from_millis(2), false);
        metrics.appended(Duration::from_millis(2), true);
        let text = metrics.render().unwrap();
        for line in [
            "rookery_connections 1",
            "rookery_deliveries_total 7",
            "rookery_messages_in_total{type=\"ping\"} 1",
            "rookery_messages_in_total{type=\"send\"} 0",
            "rookery_closes_total{code=\"4002\"} 1",
            "rookery_appends_total 1",
            "rookery_append_seconds_count 2",
        ] {
            assert!(text.lines().any(|other| other == line), "{line} in {text}");
        }
    }
}
