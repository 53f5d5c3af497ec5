//! Telling a dead subscription from a quiet one.
//!
//! The node says something to itself on the shared channel, once a second, and
//! listens for the echo. `/readyz` depends on it. The others learn from it where
//! this node is.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use rookery_protocol::Envelope;
use rookery_store::StoreError;
use serde::{Deserialize, Serialize};
use serde_json::value::to_raw_value;
use tokio::time::timeout;

use super::{Peers, writing::try_writing};
use crate::rooms::Rooms;

/// How often a probe is sent.
const EVERY: Duration = Duration::from_secs(1);

/// How often while store or channel are missing: everybody waits to come back
/// until it is seen that both are there.
const EVERY_WHILE_AWAY: Duration = Duration::from_millis(100);

/// How long an echo may be missing before the subscription counts as dead.
const DEAD_AFTER: Duration = Duration::from_secs(3);

/// What a probe carries.
#[derive(Debug, Serialize, Deserialize)]
struct Said {
    number: u64,
    /// Where the node takes clients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<SocketAddr>,
}

/// What was said last, and when its echo was heard.
#[derive(Debug)]
pub struct Probe {
    rooms: Arc<Rooms>,
    peers: Arc<Peers>,
    state: Mutex<ProbeState>,
}

#[derive(Debug)]
struct ProbeState {
    number: u64,
    sent: Instant,
    heard: Instant,
    /// When the first probe since the last echo was published for certain.
    unanswered: Option<Instant>,
}

impl Probe {
    pub(crate) fn new(rooms: Arc<Rooms>, peers: Arc<Peers>) -> Self {
        let now = Instant::now();
        let state = ProbeState {
            number: 0,
            sent: now,
            heard: now,
            unanswered: None,
        };
        Self {
            rooms,
            peers,
            state: Mutex::new(state),
        }
    }

    /// Takes the echo of a probe of this node.
    pub(super) fn heard(&self, data: &str) {
        let mut state = self.state.lock();
        state.heard = Instant::now();
        state.unanswered = None;
        let said = serde_json::from_str::<Said>(data);
        if said.is_ok_and(|said| said.number == state.number) {
            self.rooms.health.echo.answered(state.sent.elapsed());
        }
        drop(state);
        self.peers.forget_gone();
        if !self.rooms.health.readiness.set_bus_up(true) {
            tracing::info!("the shared channel answers");
        }
    }

    fn next(&self) -> u64 {
        let mut state = self.state.lock();
        state.number += 1;
        state.sent = Instant::now();
        self.rooms.health.echo.asked();
        state.number
    }

    /// How long ago the last echo was heard.
    pub fn silent_for(&self) -> Duration {
        self.state.lock().heard.elapsed()
    }

    /// A probe reached Redis.
    fn published(&self) {
        self.state
            .lock()
            .unanswered
            .get_or_insert_with(Instant::now);
    }

    /// Whether probes were published for so long that a living subscription
    /// would have brought one; a link that publishes nothing says nothing of it.
    /// A subscription that is remade for it gets the same time to answer.
    fn proves_dead(&self) -> bool {
        let mut state = self.state.lock();
        let dead = state
            .unanswered
            .is_some_and(|since| since.elapsed() > DEAD_AFTER);
        if dead {
            state.unanswered = None;
        }
        dead
    }
}

/// Probes for as long as the node lives.
pub(crate) async fn run(probe: Arc<Probe>) {
    loop {
        let begun = Instant::now();
        let asking = async {
            tokio::join!(probe.ping_store(), try_writing(&probe.rooms), probe.send());
        };
        tokio::pin!(asking);
        // An answer may take longer than silence may last.
        while timeout(EVERY, &mut asking).await.is_err() {
            probe.notice_silence();
        }
        probe.notice_silence();
        let every = match probe.rooms.health.readiness.connected_for() {
            Some(_) => EVERY,
            None => EVERY_WHILE_AWAY,
        };
        tokio::time::sleep(every.saturating_sub(begun.elapsed())).await;
    }
}

impl Probe {
    fn notice_silence(&self) {
        if self.silent_for() > DEAD_AFTER {
            self.rooms.health.echo.lost();
            self.rooms.health.readiness.set_bus_up(false);
        }
        if self.proves_dead() {
            self.rooms.store.reconnect_bus();
        }
    }

    async fn ping_store(&self) {
        let (health, asked) = (&self.rooms.health, Instant::now());
        health.round_trip.asked();
        match self.rooms.store.ping().await {
            Ok(pong) => {
                health.store_clock.set(asked, pong.time_ms);
                health.round_trip.answered(pong.round_trip);
                if !health.readiness.set_store_up(true) {
                    tracing::info!("the store answers");
                }
            }
            // What answers is a replica: that it does not write is told elsewhere.
            Err(StoreError::ReadOnly(_)) => {
                health.round_trip.lost();
                health.readiness.set_store_up(true);
            }
            Err(error) => {
                health.round_trip.lost();
                if health.readiness.set_store_up(false) {
                    tracing::warn!(%error, "the store does not answer; sends are refused until it does");
                }
            }
        }
    }

    /// Takes the probe of another node.
    pub(super) fn heard_of(&self, node: &str, data: &str) {
        // Another version may say something else.
        if let Ok(Said { at: Some(at), .. }) = serde_json::from_str(data) {
            self.peers.heard(node, at);
        }
    }

    async fn send(&self) {
        let said = Said {
            number: self.next(),
            at: self.peers.here(),
        };
        let Ok(data) = to_raw_value(&said) else {
            return;
        };
        let envelope = Envelope::ephemeral(&self.rooms.server_id, "probe", None, &data);
        let mut payload = Vec::new();
        envelope.write_line(&mut payload);
        match self.rooms.store.publish(payload).await {
            Ok(()) => self.published(),
            Err(error) => tracing::debug!(%error, "the probe was not published"),
        }
    }
}
