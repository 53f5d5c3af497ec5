//! Whether the node and what it depends on are well: 1 or 0, so that it can be
//! alarmed about.

use prometheus_client::metrics::gauge::Gauge;

use rookery_chat::health::Readiness;
use rookery_chat::metrics::Registrar;

#[derive(Debug)]
pub(crate) struct HealthGauges {
    ready: Gauge,
    store_up: Gauge,
    store_writable: Gauge,
    bus_up: Gauge,
}

impl HealthGauges {
    pub(super) fn new(new: &mut Registrar) -> Self {
        Self {
            ready: new.gauge(
                "rookery_ready",
                "Whether this node can be given traffic, as /readyz says",
            ),
            store_up: new.gauge("rookery_store_up", "Whether the store answers"),
            store_writable: new.gauge(
                "rookery_store_writable",
                "Whether the store takes what is written; 0 also where it does not answer",
            ),
            bus_up: new.gauge("rookery_bus_up", "Whether the shared channel answers"),
        }
    }

    /// Takes over how it stands.
    pub(crate) fn set(&self, readiness: &Readiness) {
        self.ready.set(readiness.missing().is_empty().into());
        self.store_up.set(readiness.is_store_up().into());
        self.store_writable
            .set(readiness.is_store_writable().into());
        self.bus_up.set(readiness.is_bus_up().into());
    }
}
