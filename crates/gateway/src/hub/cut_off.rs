//! Whether this node has lost Redis alone, and what follows from it.
//!
//! A node that was without store or channel for a while takes no new clients:
//! the balancer then tries another. Those who are here are sent away only where
//! another node says that it has had Redis all the while. Where Redis is away for
//! everybody no node says so, and all clients stay where they are.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::time::MissedTickBehavior;

use super::Hub;
use crate::{settings::Engine, worker::Instruction};

/// How often is looked, and for how long a part of the clients is spread.
const EVERY: Duration = Duration::from_secs(1);

/// An echo that is older says nothing of this moment.
const FRESH: Duration = Duration::from_secs(3);

/// Looks for as long as the node lives.
pub(super) async fn run(hub: Arc<Hub>) {
    let mut times = tokio::time::interval(EVERY);
    times.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut sending = Sending::new(&hub);
    loop {
        times.tick().await;
        match hub.is_cut_off_alone().await {
            true => sending.next_part(&hub),
            false => sending.stop(&hub),
        }
    }
}

impl Hub {
    /// Whether this node was without store or channel for so long that it takes
    /// no new clients.
    pub(crate) fn is_cut_off(&self) -> bool {
        self.cut_off_for().is_some()
    }

    /// For how long this node has had store and channel without a break: the
    /// answer to a node that has not.
    pub(crate) fn steady_for(&self) -> Duration {
        match self.probe.silent_for() {
            silent if silent < FRESH => self.readiness.connected_for().unwrap_or_default(),
            _ => Duration::ZERO,
        }
    }

    fn cut_off_for(&self) -> Option<Duration> {
        let limit = Duration::from_millis(self.settings.redis.away_ms);
        let away = self.readiness.away_for()?;
        // The embedded engine is of this process.
        let may_be = self.settings.store == Engine::Redis;
        (may_be && !limit.is_zero() && away >= limit).then_some(away)
    }

    /// Whether another node has had Redis for as long as this one has not; where
    /// that is long, for longer than any node takes to come back after it was
    /// away for all.
    async fn is_cut_off_alone(&self) -> bool {
        let Some(away) = self.cut_off_for() else {
            return false;
        };
        if self.readiness.is_draining() || self.connections.load(Ordering::Relaxed) == 0 {
            return false;
        }
        let comes_back = Duration::from_millis(2 * self.settings.redis.connect_timeout_ms);
        self.peers.one_is_steady_for(away.min(comes_back)).await
    }
}

/// The sending away of those who are here, a part in each round, so that it can
/// be stopped at any time.
struct Sending {
    rounds: u32,
    /// In how many rounds everybody is gone; `None` while nobody is sent away.
    left: Option<u32>,
}

impl Sending {
    fn new(hub: &Hub) -> Self {
        let rounds = hub.settings.drain_ms / EVERY.as_millis() as u64;
        Self {
            rounds: u32::try_from(rounds).unwrap_or(u32::MAX).max(1),
            left: None,
        }
    }

    fn next_part(&mut self, hub: &Hub) {
        let left = self.left.unwrap_or_else(|| {
            let clients = hub.connections.load(Ordering::Relaxed);
            tracing::warn!(
                clients,
                "this node alone has lost Redis: others have it, and the clients are sent to them"
            );
            self.rounds
        });
        hub.workers.give_all(|| Instruction::SendAway {
            one_in: left,
            spread: EVERY,
        });
        self.left = Some(left.saturating_sub(1).max(1));
    }

    fn stop(&mut self, hub: &Hub) {
        if self.left.take().is_some() {
            let clients = hub.connections.load(Ordering::Relaxed);
            tracing::info!(clients, "clients are no longer sent away");
        }
    }
}
