//! Telling a dead subscription from a quiet one.
//!
//! The node says something to itself on the shared channel, once a second, and
//! listens for the echo. `/readyz` depends on it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use rookery_protocol::Envelope;
use serde_json::value::RawValue;

use super::Hub;

/// How often a probe is sent.
const EVERY: Duration = Duration::from_secs(1);

/// How long an echo may be missing before the subscription counts as dead.
const DEAD_AFTER: Duration = Duration::from_secs(3);

/// When the last echo was heard, and by which probe.
#[derive(Debug)]
pub(super) struct Probe {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    number: u64,
    sent: Instant,
    heard: Instant,
}

impl Default for Probe {
    fn default() -> Self {
        let now = Instant::now();
        Self {
            state: Mutex::new(State {
                number: 0,
                sent: now,
                heard: now,
            }),
        }
    }
}

impl Probe {
    /// Takes the echo of a probe of this node.
    pub(super) fn heard(&self, data: &str, hub: &Hub) {
        let mut state = self.state.lock();
        state.heard = Instant::now();
        if data.parse() == Ok(state.number) {
            hub.metrics.bus_lag(state.sent.elapsed());
        }
        drop(state);
        if !hub.readiness.set_bus_up(true) {
            tracing::info!("the shared channel answers");
        }
    }

    fn next(&self) -> u64 {
        let mut state = self.state.lock();
        state.number += 1;
        state.sent = Instant::now();
        state.number
    }

    fn silent_for(&self) -> Duration {
        self.state.lock().heard.elapsed()
    }

    /// Gives a subscription that is being remade the time to answer.
    fn start_over(&self) {
        self.state.lock().heard = Instant::now();
    }
}

/// Probes for as long as the node lives.
pub(super) async fn run(hub: Arc<Hub>) {
    let mut times = tokio::time::interval(EVERY);
    times.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        times.tick().await;
        hub.ping_store().await;
        hub.send_probe().await;
        if hub.probe.silent_for() > DEAD_AFTER {
            let was_up = hub.readiness.set_bus_up(false);
            // While Redis itself is away there is nothing to subscribe to.
            if hub.store.is_available() {
                if was_up {
                    tracing::warn!("the shared channel does not answer; subscribing anew");
                }
                hub.store.reconnect_bus();
                hub.probe.start_over();
            }
        }
    }
}

impl Hub {
    async fn ping_store(&self) {
        let asked = Instant::now();
        match self.store.ping().await {
            Ok(pong) => {
                self.store_clock.set(asked, pong.time_ms);
                self.metrics.redis_round_trip(pong.round_trip);
                if !self.readiness.set_store_up(true) {
                    tracing::info!("the store answers");
                }
            }
            Err(error) => {
                if self.readiness.set_store_up(false) {
                    tracing::warn!(%error, "the store does not answer; sends are refused until it does");
                }
            }
        }
    }

    async fn send_probe(&self) {
        let number = self.probe.next().to_string();
        let Ok(data) = serde_json::from_str::<&RawValue>(&number) else {
            return;
        };
        let envelope = Envelope::ephemeral(&self.server_id, "probe", None, data);
        let mut payload = Vec::new();
        envelope.write_line(&mut payload);
        if let Err(error) = self.store.publish(payload).await {
            tracing::debug!(%error, "the probe was not published");
        }
    }
}
