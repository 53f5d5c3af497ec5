//! How a node stops: unready first, everybody sent away in turn, then the end.

use std::{sync::Arc, time::Duration};

use rookery_chat::delivery::Instruction;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{node::Node, settings::Engine};

/// How often is looked whether everybody is gone.
const LOOK: Duration = Duration::from_millis(20);

/// How much longer than the drain time clients have to hang up, and sends to be answered.
const GRACE: Duration = Duration::from_secs(6);

/// How long the store has to take the last that this node has to say of its users.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// SIGTERM, SIGINT, and SIGHUP, which a terminal sends when it is closed.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    /// None where whoever started the process has it ignore that (`nohup`).
    hang_up: Option<Signal>,
    /// Listened for and never asked: a file that may not grow is an error of whoever writes
    /// it, and not the end of the process.
    _file_too_large: Signal,
}

/// SIGXFSZ, as Linux counts on everything that this is built for.
const FILE_TOO_LARGE: SignalKind = SignalKind::from_raw(25);

impl Signals {
    /// Listens from now on, instead of dying of them.
    pub(crate) fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: match ignores_hang_up() {
                true => None,
                false => Some(signal(SignalKind::hangup())?),
            },
            _file_too_large: signal(FILE_TOO_LARGE)?,
        })
    }

    /// Waits for the next one and names it.
    pub(crate) async fn next(&mut self) -> &'static str {
        tokio::select! {
            name = by_hand(&mut self.terminate, &mut self.interrupt) => name,
            () = hung_up(&mut self.hang_up) => "SIGHUP",
        }
    }

    /// Waits for the next one that says that somebody has lost patience. SIGHUP
    /// does not: when a terminal is closed its shell passes it on, so that the
    /// same end is told twice.
    pub(crate) async fn next_impatient(&mut self) -> &'static str {
        by_hand(&mut self.terminate, &mut self.interrupt).await
    }
}

async fn by_hand(terminate: &mut Signal, interrupt: &mut Signal) -> &'static str {
    tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    }
}

async fn hung_up(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

/// Whether the process was started to ignore SIGHUP, as Linux tells.
fn ignores_hang_up() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // SIGHUP is signal 1, the lowest bit.
    mask.is_some_and(|mask| mask & 1 == 1)
}

/// Sends every client away and waits until they are gone and what they sent is
/// answered, but for so long at least as a balancer needs to see that this node
/// is not ready: until then it listens, and whoever is sent here gets an answer.
pub(crate) async fn drain(node: &Arc<Node>) {
    node.chat.health.readiness().set_draining();
    let connections = node.connections();
    let (spread_ms, lead_ms) = match node.settings.store {
        // There is no other node, and no balancer.
        Engine::Embedded => (0, 0),
        Engine::Redis => (node.settings.drain_ms, node.settings.drain_lead_ms),
    };
    tracing::info!(connections, spread_ms, lead_ms, "draining");
    node.chat
        .inboxes
        .give_all(|| Instruction::Drain { spread_ms });
    let lead = tokio::time::sleep(Duration::from_millis(lead_ms));
    let patience = Duration::from_millis(spread_ms.max(lead_ms)) + GRACE;
    let emptying = async {
        tokio::join!(lead, until_empty(node));
        // Somebody may have posted something meanwhile.
        until_empty(node).await;
    };
    if tokio::time::timeout(patience, emptying).await.is_err() {
        let left = node.connections();
        tracing::warn!(left, "some connections did not end in time");
    }
    if tokio::time::timeout(LAST_WORDS, node.chat.presence.end())
        .await
        .is_err()
    {
        tracing::warn!("the store was not told that this node ends; its lease runs out by itself");
    }
}

async fn until_empty(node: &Node) {
    let busy = || node.connections() > 0 || node.chat.sends_in_flight() > 0;
    while busy() {
        tokio::time::sleep(LOOK).await;
    }
}
