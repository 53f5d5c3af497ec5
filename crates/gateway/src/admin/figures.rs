//! What the live view shows of one second.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::Serialize;

use crate::{
    metrics::{ProcessFigures, Totals},
    node::Node,
    settings::Engine,
};

/// The figures of one second, as the page gets them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Figures {
    /// Milliseconds since the Unix epoch.
    at: u64,
    node: String,
    version: &'static str,
    store: &'static str,
    uptime_s: u64,
    draining: bool,
    missing: Vec<&'static str>,
    connections: i64,
    sessions: i64,
    users: i64,
    rooms: i64,
    /// Frames from clients, per second.
    messages_in: f64,
    /// Messages stored for them, per second.
    appends: f64,
    /// Events handed to sessions, per second.
    deliveries: f64,
    delivered_bytes: f64,
    /// Appends that the store refused or did not answer, per second.
    appends_failed: f64,
    /// Requests to the clients' listener, per second.
    http_requests: f64,
    /// Since the start.
    frames_rate_limited: u64,
    upgrades_refused: u64,
    guests_minted: u64,
    /// Of the appends of this second; nothing where there were none.
    append_p50_ms: Option<f64>,
    append_p99_ms: Option<f64>,
    outbox_bytes: i64,
    slow_consumers: u64,
    gaps_healed: u64,
    events_healed: u64,
    /// Nothing where nothing comes through.
    bus_lag_ms: Option<f64>,
    bus_reconnects: u64,
    bus_lagged: u64,
    /// Nothing where the store does not answer.
    redis_round_trip_ms: Option<f64>,
    /// 100 is one core.
    cpu_percent: f64,
    memory_bytes: u64,
    open_files: u64,
    /// As many may be open.
    most_files: u64,
}

/// Brings the gauges up to date that nobody keeps as things happen.
pub(super) fn refresh_gauges(node: &Node) {
    let (sessions, users) = node.chat.connected.counts();
    let (metrics, readiness) = (&node.metrics, node.chat.health.readiness());
    metrics.sessions.set(sessions as i64);
    metrics.users.set(users as i64);
    let calls = node.chat.store.stats().append_calls;
    metrics.append_calls.set(calls as i64);
    node.metrics
        .answer_bytes
        .set(node.chat.answers.bytes() as i64);
    let sends = node.chat.sends_in_flight();
    metrics.sends_in_flight.set(sends as i64);
    let reactions = node.chat.reactions_waiting();
    metrics.reactions_waiting.set(reactions as i64);
    metrics.health.set(readiness);
    metrics.bus_lag(node.chat.health.bus_lag());
    metrics.redis_round_trip(node.chat.health.store_round_trip());
}

fn milliseconds(span: Duration) -> f64 {
    span.as_secs_f64() * 1000.0
}

/// Counters at the moment of the last figures.
pub(super) struct Before {
    started: Instant,
    at: Instant,
    totals: Totals,
    process: ProcessFigures,
}

impl Before {
    pub(super) fn now(node: &Node) -> Self {
        let now = Instant::now();
        Self {
            started: now,
            at: now,
            totals: node.metrics.totals(),
            process: ProcessFigures::read(),
        }
    }

    /// The figures of the time since, which begins anew.
    pub(super) fn figures(&mut self, node: &Node) -> Figures {
        refresh_gauges(node);
        let metrics = &node.metrics;
        let (at, totals, process) = (Instant::now(), metrics.totals(), ProcessFigures::read());
        let span = at
            .duration_since(self.at)
            .max(Duration::from_millis(1))
            .as_secs_f64();
        let rate = |now: u64, before: u64| now.saturating_sub(before) as f64 / span;
        let took = Took::between(&self.totals.append_buckets, &totals.append_buckets);
        let figures = Figures {
            at: epoch_ms(),
            node: node.chat.server_id.to_string(),
            version: env!("CARGO_PKG_VERSION"),
            store: match node.settings.store {
                Engine::Embedded => "embedded",
                Engine::Redis => "redis",
            },
            uptime_s: at.duration_since(self.started).as_secs(),
            draining: node.chat.health.readiness().is_draining(),
            missing: node.chat.health.readiness().missing(),
            connections: metrics.connections.get(),
            sessions: metrics.sessions.get(),
            users: metrics.users.get(),
            rooms: metrics.chat.rooms.get(),
            messages_in: rate(totals.messages_in, self.totals.messages_in),
            appends: rate(totals.appends, self.totals.appends),
            deliveries: rate(totals.deliveries, self.totals.deliveries),
            delivered_bytes: rate(totals.delivered_bytes, self.totals.delivered_bytes),
            appends_failed: rate(totals.appends_failed, self.totals.appends_failed),
            http_requests: rate(totals.http_requests, self.totals.http_requests),
            frames_rate_limited: metrics.frames_rate_limited.get(),
            upgrades_refused: metrics.upgrades_refused(),
            guests_minted: metrics.guests_minted.get(),
            append_p50_ms: took.quantile_ms(0.5),
            append_p99_ms: took.quantile_ms(0.99),
            outbox_bytes: metrics.outbox_bytes.get(),
            slow_consumers: totals.slow_consumers,
            gaps_healed: metrics.chat.gaps_healed.get(),
            events_healed: metrics.chat.events_healed.get(),
            bus_lag_ms: node.chat.health.bus_lag().map(milliseconds),
            bus_reconnects: metrics.chat.bus_reconnects.get(),
            bus_lagged: metrics.chat.bus_lagged.get(),
            redis_round_trip_ms: node.chat.health.store_round_trip().map(milliseconds),
            cpu_percent: (process.cpu_seconds - self.process.cpu_seconds).max(0.0) / span * 100.0,
            memory_bytes: process.resident_bytes,
            open_files: process.open_files,
            most_files: process.most_files,
        };
        *self = Self {
            started: self.started,
            at,
            totals,
            process,
        };
        figures
    }
}

/// How long the appends of a span took: upper bounds in seconds, and how many
/// took at most that long.
struct Took(Vec<(f64, u64)>);

impl Took {
    fn between(before: &[(f64, u64)], after: &[(f64, u64)]) -> Self {
        let pairs = after.iter().zip(before);
        Self(
            pairs
                .map(|(&(bound, now), &(_, then))| (bound, now.saturating_sub(then)))
                .collect(),
        )
    }

    /// The time below which this share of them stayed, on a straight line
    /// through its bucket. Beyond the last bucket its bound is all that is known.
    fn quantile_ms(&self, share: f64) -> Option<f64> {
        let count = self.0.last().map_or(0, |&(_, count)| count);
        if count == 0 {
            return None;
        }
        let wanted = share * count as f64;
        let (mut lower, mut below) = (0.0, 0);
        for &(bound, up_to) in &self.0 {
            if up_to as f64 >= wanted {
                let within = (wanted - below as f64) / (up_to - below).max(1) as f64;
                return Some((lower + (bound - lower) * within) * 1000.0);
            }
            (lower, below) = (bound, up_to);
        }
        Some(lower * 1000.0)
    }
}

fn epoch_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::Took;

    #[test]
    fn a_quantile_lies_in_the_right_bucket() {
        let before = [(0.001, 5), (0.002, 5), (0.004, 5)];
        let after = [(0.001, 55), (0.002, 104), (0.004, 105)];
        let took = Took::between(&before, &after);
        assert_eq!(took.quantile_ms(0.5), Some(1.0));
        let p99 = took.quantile_ms(0.99).unwrap();
        assert!((1.9..=2.0).contains(&p99), "{p99}");
        assert_eq!(
            Took::between(&after, &after).quantile_ms(0.5),
            None,
            "nothing happened"
        );
        assert_eq!(Took(Vec::new()).quantile_ms(0.5), None);
    }
}
