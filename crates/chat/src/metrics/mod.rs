//! What operators can count of the chat.
//!
//! Whatever the path of a message touches is one atomic, or two for a span of
//! time. Nothing here decides anything.

mod histogram;
mod registrar;

use std::time::Duration;

use prometheus_client::metrics::{counter::Counter, gauge::Gauge};

pub use histogram::Histogram;
pub use registrar::Registrar;

/// The metrics of one node's chat.
#[derive(Debug)]
pub struct Metrics {
    /// Rooms that this node follows, also those that everybody has just left.
    pub rooms: Gauge,
    /// Bytes of recent events that rooms remember.
    pub recent_bytes: Gauge,
    /// Readings of a part of a room's log: for somebody who comes in, or to heal.
    pub range_reads: Counter,
    /// Passes over all rooms, because something may have been missed.
    pub passes: Counter,
    /// Joins that were answered without reading a log.
    pub joins_from_memory: Counter,
    /// Presence events that came over the bus.
    pub presence_events: Counter,
    /// Messages stored for clients of this node.
    pub appends: Counter,
    /// Messages that were sent again and were stored already.
    pub duplicates: Counter,
    /// Appends that the store refused or did not answer.
    pub appends_failed: Counter,
    /// From the command to the answer of the store, in seconds.
    pub append_seconds: Histogram,
    /// Gaps in a room's sequence that were read from the log.
    pub gaps_healed: Counter,
    /// Events that were read from the log to fill gaps.
    pub events_healed: Counter,
    /// Events that other nodes published.
    pub bus_events: Counter,
    /// What came on the shared channel and is not understood here.
    pub bus_unknown: Counter,
    /// Times that the subscription's buffer overflowed.
    pub bus_lagged: Counter,
    /// Times that the subscription was made anew.
    pub bus_reconnects: Counter,
}

impl Metrics {
    /// Everything at zero, in this registry.
    pub fn new(new: &mut Registrar) -> Self {
        Self {
            rooms: new.gauge(
                "rookery_rooms",
                "Rooms that this node follows, also those that everybody has just left",
            ),
            recent_bytes: new.gauge(
                "rookery_recent_bytes",
                "Bytes of recent events that rooms remember (rooms.recent_bytes)",
            ),
            range_reads: new.counter(
                "rookery_range_reads",
                "Readings of a part of a log from the store, for joins and to heal",
            ),
            passes: new.counter(
                "rookery_passes",
                "Passes over all rooms, because something may have been missed",
            ),
            joins_from_memory: new.counter(
                "rookery_joins_from_memory",
                "Joins answered without reading the log",
            ),
            presence_events: new.counter(
                "rookery_presence_events",
                "Presence events that came over the bus",
            ),
            appends: new.counter(
                "rookery_appends",
                "Messages stored for clients of this node",
            ),
            duplicates: new.counter(
                "rookery_duplicates",
                "Messages sent again that were stored already",
            ),
            appends_failed: new.counter(
                "rookery_appends_failed",
                "Appends that the store refused or did not answer",
            ),
            append_seconds: new.histogram(
                "rookery_append_seconds",
                "From the command to the answer of the store",
            ),
            gaps_healed: new.counter(
                "rookery_gaps_healed",
                "Gaps in a room's sequence that were read from the log",
            ),
            events_healed: new.counter(
                "rookery_events_healed",
                "Events read from the log to fill gaps",
            ),
            bus_events: new.counter("rookery_bus_events", "Events that other nodes published"),
            bus_unknown: new.counter(
                "rookery_bus_unknown",
                "Messages on the shared channel that this version does not understand, and skips",
            ),
            bus_lagged: new.counter(
                "rookery_bus_lagged",
                "Times that the subscription's buffer overflowed",
            ),
            bus_reconnects: new.counter(
                "rookery_bus_reconnects",
                "Times that the subscription was made anew",
            ),
        }
    }

    /// The store answered an append.
    pub(crate) fn appended(&self, took: Duration, duplicate: bool) {
        self.append_seconds.observe(took);
        if duplicate {
            &self.duplicates
        } else {
            &self.appends
        }
        .inc();
    }

    /// A room was brought to the end of its log by so many events; none is no gap.
    pub(crate) fn gap_healed(&self, events: u64) {
        if events > 0 {
            self.gaps_healed.inc();
        }
        self.events_healed.inc_by(events);
    }
}
