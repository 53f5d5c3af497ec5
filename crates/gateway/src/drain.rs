//! How a node stops: unready first, everybody sent away in turn, then the end.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::signal::unix::{SignalKind, signal};

use crate::{hub::Hub, settings::Engine, worker::Instruction};

/// How often is looked whether everybody is gone.
const LOOK: Duration = Duration::from_millis(20);

/// How much longer than the drain time clients have to hang up, and sends to be answered.
const GRACE: Duration = Duration::from_secs(6);

/// SIGTERM and SIGINT.
pub(crate) struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    /// Listens from now on, instead of dying of them.
    pub(crate) fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for the next one and names it.
    pub(crate) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

/// Sends every client away and waits until they are gone and what they sent is answered.
pub(crate) async fn drain(hub: &Arc<Hub>) {
    hub.readiness.set_draining();
    let connections = hub.connections.load(Ordering::Relaxed);
    let spread_ms = match hub.settings.store {
        // There is no other node to spread them over.
        Engine::Embedded => 0,
        Engine::Redis => hub.settings.drain_ms,
    };
    tracing::info!(connections, spread_ms, "draining");
    hub.workers.give_all(|| Instruction::Drain { spread_ms });
    let patience = Duration::from_millis(spread_ms) + GRACE;
    if tokio::time::timeout(patience, until_empty(hub))
        .await
        .is_err()
    {
        let left = hub.connections.load(Ordering::Relaxed);
        tracing::warn!(left, "some connections did not end in time");
    }
    if let Err(error) = hub.store.give_up_lease().await {
        tracing::warn!(%error, "this node's presence was not taken away; another node will do it");
    }
}

async fn until_empty(hub: &Hub) {
    let busy = || {
        hub.connections.load(Ordering::Relaxed) > 0
            || hub.sends_in_flight.load(Ordering::Relaxed) > 0
    };
    while busy() {
        tokio::time::sleep(LOOK).await;
    }
}
