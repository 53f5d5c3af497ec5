//! Whether this node has lost Redis alone, and what follows from it.
//!
//! A node that was without store or channel for a while takes no new clients:
//! the balancer then tries another. Those who are here are sent away only where
//! another node says that it has had Redis all the while. Where Redis is away for
//! everybody no node says so, and all clients stay where they are.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use futures_util::{StreamExt, stream::FuturesUnordered};
use rookery_chat::delivery::Instruction;
use serde::Deserialize;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{MissedTickBehavior, timeout},
};

use crate::node::Node;

/// How often is looked, and for how long a part of the clients is spread.
const EVERY: Duration = Duration::from_secs(1);

/// The most nodes that are asked at once.
const ASKED: usize = 16;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(1);
/// The most bytes of an answer.
const ANSWER_BYTES: u64 = 4 * 1024;

/// Looks for as long as the node lives.
pub(crate) async fn run(node: Arc<Node>) {
    let mut times = tokio::time::interval(EVERY);
    times.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut dispersal = Dispersal::new(&node);
    loop {
        times.tick().await;
        match is_cut_off_alone(&node).await {
            true => dispersal.next_part(&node),
            false => dispersal.stop(&node),
        }
    }
}

/// Whether another node has had Redis for as long as this one has not; where
/// that is long, for longer than any node takes to come back after it was
/// away for all.
async fn is_cut_off_alone(node: &Node) -> bool {
    let Some(away) = node.cut_off_for() else {
        return false;
    };
    if node.chat.health.readiness().is_draining() || node.connections() == 0 {
        return false;
    }
    let comes_back = Duration::from_millis(2 * node.settings.redis.connect_timeout_ms);
    one_is_steady_for(node.chat.peers.some(ASKED), away.min(comes_back)).await
}

/// Whether one of these nodes says that it has had the store and the channel
/// for so long, without a break.
async fn one_is_steady_for(peers: Vec<(String, SocketAddr)>, span: Duration) -> bool {
    let mut answers: FuturesUnordered<_> = peers
        .into_iter()
        .map(|(node, at)| async move {
            let steady = timeout(PATIENCE, ask(&node, at)).await;
            steady.is_ok_and(|steady| steady.is_some_and(|steady| steady >= span))
        })
        .collect();
    while let Some(steady) = answers.next().await {
        if steady {
            return true;
        }
    }
    false
}

/// What `/readyz` says.
#[derive(Debug, Deserialize)]
struct ReadyAnswer {
    ready: bool,
    node: String,
    steady_ms: u64,
}

/// For how long the node at this address has been steady; nothing where it is
/// not ready, or another one.
async fn ask(node: &str, at: SocketAddr) -> Option<Duration> {
    let mut stream = TcpStream::connect(at).await.ok()?;
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = String::new();
    let mut limited = stream.take(ANSWER_BYTES);
    limited.read_to_string(&mut answer).await.ok()?;
    let (_, body) = answer.split_once("\r\n\r\n")?;
    let answer: ReadyAnswer = serde_json::from_str(body).ok()?;
    (answer.ready && answer.node == node).then(|| Duration::from_millis(answer.steady_ms))
}

/// The sending away of those who are here, a part in each round, so that it can
/// be stopped at any time.
struct Dispersal {
    rounds: u32,
    /// In how many rounds everybody is gone; `None` while nobody is sent away.
    rounds_left: Option<u32>,
}

impl Dispersal {
    fn new(node: &Node) -> Self {
        let rounds = node.settings.drain_ms / EVERY.as_millis() as u64;
        Self {
            rounds: u32::try_from(rounds).unwrap_or(u32::MAX).max(1),
            rounds_left: None,
        }
    }

    fn next_part(&mut self, node: &Node) {
        let left = self.rounds_left.unwrap_or_else(|| {
            let clients = node.connections();
            tracing::warn!(
                clients,
                "this node alone has lost Redis: others have it, and the clients are sent to them"
            );
            self.rounds
        });
        node.chat.inboxes.give_all(|| Instruction::SendAway {
            one_in: left,
            spread: EVERY,
        });
        self.rounds_left = Some(left.saturating_sub(1).max(1));
    }

    fn stop(&mut self, node: &Node) {
        if self.rounds_left.take().is_some() {
            let clients = node.connections();
            tracing::info!(clients, "clients are no longer sent away");
        }
    }
}
