//! What operators can count: one registry of Prometheus metrics per node.
//!
//! Whatever the hot path touches is one atomic; what belongs to many
//! deliveries is added once per batch. Nothing here decides anything.

mod frames;
mod health;
mod http;
mod process;
mod refusals;
mod totals;

use std::{
    borrow::Cow,
    fmt,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use prometheus_client::{
    encoding::text,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};
use rookery_chat::metrics::{Metrics as ChatMetrics, Registrar};
use rookery_protocol::Command;

use frames::FramesByType;
use health::HealthGauges;
use http::HttpRequests;
pub(crate) use http::Route;
pub use process::ProcessFigures;
use process::ProcessGauges;
pub(crate) use refusals::Refused;
use refusals::UpgradesRefused;
pub(crate) use totals::Totals;

/// All metrics of one node.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// What happens in the chat.
    pub chat: Arc<ChatMetrics>,
    /// Open client sockets, with `hello` or without.
    pub connections: Gauge,
    /// Connections that said `hello`.
    pub sessions: Gauge,
    /// Users with a session on this node.
    pub users: Gauge,
    /// Calls of the store that carried appends, brought up to date when somebody asks.
    pub append_calls: Gauge,
    /// Bytes of answers that clients asked for and have not taken, brought up to date
    /// when somebody asks.
    pub answer_bytes: Gauge,
    /// Messages on their way into the store, brought up to date when somebody asks.
    pub sends_in_flight: Gauge,
    /// Reactions that wait to be told together.
    pub reactions_waiting: Gauge,
    bus_lag_seconds: Gauge<f64, AtomicU64>,
    redis_round_trip_seconds: Gauge<f64, AtomicU64>,
    /// Whether the node and what it depends on are well.
    pub(crate) health: HealthGauges,
    /// Frames that were refused because their sender sends too many.
    pub frames_rate_limited: Counter,
    /// Tokens given to guests.
    pub guests_minted: Counter,
    /// Accounts that were made here.
    pub accounts_made: Counter,
    /// Log-ins here with a wrong name or password.
    pub log_ins_failed: Counter,
    http_requests: HttpRequests,
    /// Bytes that wait for slow readers.
    pub outbox_bytes: Gauge,
    deliveries: Counter,
    delivered_bytes: Counter,
    slow_consumers_closed: Counter,
    frames: FramesByType,
    closes: Family<[(&'static str, Cow<'static, str>); 1], Counter>,
    upgrades_refused: UpgradesRefused,
    process: ProcessGauges,
}

impl Metrics {
    /// Everything at zero.
    pub fn new() -> Self {
        let mut registrar = Registrar::default();
        let new = &mut registrar;
        new.fact(
            "rookery_build",
            "The version of this program",
            "version",
            env!("CARGO_PKG_VERSION"),
        );
        let metrics = Self {
            chat: Arc::new(ChatMetrics::new(new)),
            connections: new.gauge("rookery_connections", "Open client sockets"),
            sessions: new.gauge("rookery_sessions", "Connections that said hello"),
            users: new.gauge("rookery_users", "Users with a session on this node"),
            append_calls: new.gauge(
                "rookery_append_calls",
                "Calls of the store so far that carried messages: how many travel together is appends by calls",
            ),
            answer_bytes: new.gauge(
                "rookery_answer_bytes",
                "Bytes of answers that clients asked for and have not taken (limits.answer_bytes)",
            ),
            sends_in_flight: new.gauge(
                "rookery_sends_in_flight",
                "Messages on their way into the store",
            ),
            reactions_waiting: new.gauge(
                "rookery_reactions_waiting",
                "Reactions that wait to be told together (limits.reactions_waiting)",
            ),
            bus_lag_seconds: new.float_gauge(
                "rookery_bus_lag_seconds",
                "How long the way through the shared channel takes; NaN where nothing comes through it",
            ),
            redis_round_trip_seconds: new.float_gauge(
                "rookery_redis_round_trip_seconds",
                "How long the store takes to answer; NaN where it does not",
            ),
            outbox_bytes: new.gauge("rookery_outbox_bytes", "Bytes that wait for slow readers"),
            deliveries: new.counter("rookery_deliveries", "Events handed to sessions"),
            delivered_bytes: new.counter(
                "rookery_delivered_bytes",
                "Bytes of the events handed to sessions",
            ),
            slow_consumers_closed: new.counter(
                "rookery_slow_consumers_closed",
                "Connections closed because their outbox was full (4002)",
            ),
            frames: FramesByType::new(new),
            closes: new.counters(
                "rookery_closes",
                "Connections that ended, by close code or cause",
            ),
            upgrades_refused: UpgradesRefused::new(new),
            health: HealthGauges::new(new),
            frames_rate_limited: new.counter(
                "rookery_frames_rate_limited",
                "Frames refused because their sender sends too many",
            ),
            guests_minted: new.counter("rookery_guests_minted", "Tokens given to guests"),
            accounts_made: new.counter("rookery_accounts_made", "Accounts made"),
            log_ins_failed: new.counter(
                "rookery_log_ins_failed",
                "Log-ins with a wrong name or password",
            ),
            http_requests: HttpRequests::new(new),
            process: ProcessGauges::new(new),
            registry: registrar.0,
        };
        metrics.bus_lag(None);
        metrics.redis_round_trip(None);
        metrics
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

    /// More or fewer bytes wait for slow readers.
    pub fn outbox_changed(&self, by: i64) {
        self.outbox_bytes.inc_by(by);
    }

    /// A reader was so slow that its connection was closed.
    pub fn slow_consumer_closed(&self) {
        self.slow_consumers_closed.inc();
    }

    /// A connection ended: its close code, or a word such as `client` or `lost`.
    pub fn connection_closed(&self, code: Cow<'static, str>) {
        self.closes.get_or_create(&[("code", code)]).inc();
    }

    /// An upgrade was refused.
    pub(crate) fn upgrade_refused(&self, why: Refused) {
        self.upgrades_refused.of(why).inc();
    }

    /// How many upgrades were refused so far, for whatever reason.
    pub(crate) fn upgrades_refused(&self) -> u64 {
        self.upgrades_refused.total()
    }

    /// A request was answered with this status.
    pub(crate) fn http_answered(&self, route: Route, status: u16) {
        self.http_requests.of(route, status).inc();
    }

    /// The way through the shared channel takes this long, where something comes through.
    pub(crate) fn bus_lag(&self, lag: Option<Duration>) {
        self.bus_lag_seconds.set(seconds(lag));
    }

    /// The store takes this long to answer, where it does.
    pub(crate) fn redis_round_trip(&self, took: Option<Duration>) {
        self.redis_round_trip_seconds.set(seconds(took));
    }

    /// Everything in the text format of OpenMetrics.
    ///
    /// # Errors
    ///
    /// When a metric cannot be written, which no client causes.
    pub fn render(&self) -> Result<String, fmt::Error> {
        self.process.refresh();
        let mut rendered = String::new();
        text::encode(&mut rendered, &self.registry)?;
        Ok(rendered)
    }

    /// The sum of what the live view plots.
    pub(crate) fn totals(&self) -> Totals {
        Totals {
            messages_in: self.frames.total(),
            appends: self.chat.appends.get(),
            deliveries: self.deliveries.get(),
            delivered_bytes: self.delivered_bytes.get(),
            slow_consumers: self.slow_consumers_closed.get(),
            appends_failed: self.chat.appends_failed.get(),
            http_requests: self.http_requests.total(),
            append_buckets: self.chat.append_seconds.cumulative(),
        }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// A span as a gauge has it: one that is not known must not look like a good one.
fn seconds(span: Option<Duration>) -> f64 {
    span.map_or(f64::NAN, |span| span.as_secs_f64())
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
        metrics.connection_closed("4002".into());
        metrics.chat.appends.inc();
        metrics.http_answered(Route::of(Some("/api/v1/guest"), ""), 429);
        metrics.http_answered(Route::WEB_SOCKET, 101);
        let text = metrics.render().unwrap();
        for line in [
            "rookery_connections 1",
            "rookery_deliveries_total 7",
            "rookery_messages_in_total{type=\"ping\"} 1",
            "rookery_messages_in_total{type=\"send\"} 0",
            "rookery_closes_total{code=\"4002\"} 1",
            "rookery_appends_total 1",
            "rookery_append_seconds_count 0",
            "rookery_http_requests_total{route=\"/api/v1/guest\",status=\"4xx\"} 1",
            "rookery_http_requests_total{route=\"/ws\",status=\"1xx\"} 1",
            "rookery_http_requests_total{route=\"/readyz\",status=\"5xx\"} 0",
            "rookery_bus_lag_seconds NaN",
            "rookery_redis_round_trip_seconds NaN",
            "rookery_store_writable 0",
        ] {
            assert!(text.lines().any(|other| other == line), "{line} in {text}");
        }
    }

    #[test]
    fn no_name_is_given_twice() {
        let text = Metrics::new().render().unwrap();
        let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
        let mut names: Vec<_> = types.map(|of| of.split_once(' ').unwrap().0).collect();
        names.sort_unstable();
        for pair in names.windows(2) {
            assert_ne!(pair[0], pair[1]);
        }
    }
}
