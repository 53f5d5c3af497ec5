//! Looking after nodes that are gone, so that their users do not stay online.

use std::{sync::Arc, time::Duration};

use rookery_store::{GoneNode, PresenceTimes};

use crate::rooms::Rooms;

/// Looks for as long as the node lives. What is found takes its time, and
/// nothing else waits for it.
pub(crate) async fn run(rooms: Arc<Rooms>) {
    let lease = Duration::from_millis(rooms.settings.presence.lease_ms);
    let mut times = tokio::time::interval(lease / PresenceTimes::LOOKS);
    times.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        times.tick().await;
        if rooms.health.readiness.is_draining() {
            // Whoever stays does it from beginning to end.
            continue;
        }
        match rooms.store.sweep_gone_nodes().await {
            Ok(gone) => gone.iter().for_each(say),
            Err(error) => tracing::debug!(%error, "nodes that are gone were not looked for"),
        }
    }
}

fn say(gone: &GoneNode) {
    let GoneNode {
        node,
        stopped,
        taken,
    } = gone;
    match (stopped, taken) {
        (false, 1..) => {
            tracing::warn!(%node, taken, "a node is gone; its users are no longer online there");
        }
        (false, 0) => tracing::info!(%node, "a node is gone; it had nobody"),
        (true, _) => {
            tracing::info!(%node, taken, "a node has stopped; its users are no longer online there");
        }
    }
}
