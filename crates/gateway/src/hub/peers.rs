//! Where other nodes were last heard, to ask them one question.
//!
//! Each node says on the shared channel, with its probe, at which address it
//! takes clients. Nothing else is ever asked or told there, nothing depends on
//! the answer but whom a node without Redis sends away (`cut_off`), and what is
//! remembered is bounded.

use std::{
    collections::HashMap,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream::FuturesUnordered};
use parking_lot::Mutex;
use rand::seq::IteratorRandom;
use serde::Deserialize;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// The most nodes that are remembered.
const MOST: usize = 256;
/// The most that are asked at once.
const ASKED: usize = 16;
/// Who was not heard for so long is forgotten, while others are heard.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(10);
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(1);
/// The most bytes of an answer.
const ANSWER_BYTES: u64 = 4 * 1024;
/// An address for examples: no packet is sent, but the way to it is a node's
/// way to the rest of the world.
const ELSEWHERE: (Ipv4Addr, u16) = (Ipv4Addr::new(192, 0, 2, 1), 9);

/// Where this node is, and where others were heard.
#[derive(Debug, Default)]
pub(crate) struct Peers {
    here: Mutex<Here>,
    heard: Mutex<HashMap<String, Heard>>,
}

#[derive(Debug, Default)]
struct Here {
    at: Option<SocketAddr>,
    /// Whether the settings say so.
    fixed: bool,
}

#[derive(Debug, Clone, Copy)]
struct Heard {
    at: SocketAddr,
    when: Instant,
}

impl Peers {
    /// The clients' listener is at this address.
    pub(crate) fn listens_at(&self, address: SocketAddr) {
        let fixed = !address.ip().is_unspecified();
        let guess = || Some(SocketAddr::new(way_out()?, address.port()));
        let at = if fixed { Some(address) } else { guess() };
        *self.here.lock() = Here { at, fixed };
    }

    /// A client, or the balancer for it, came to this address: others reach this
    /// node there. Of a listener on all addresses nothing better is known.
    pub(crate) fn was_reached_at(&self, address: std::io::Result<SocketAddr>) {
        let mut here = self.here.lock();
        if let (false, Ok(address)) = (here.fixed, address) {
            here.at = Some(SocketAddr::new(address.ip().to_canonical(), address.port()));
        }
    }

    /// Where others find this node.
    pub(super) fn here(&self) -> Option<SocketAddr> {
        self.here.lock().at
    }

    /// Another node was heard.
    pub(super) fn heard(&self, node: &str, at: SocketAddr) {
        let when = Instant::now();
        let mut heard = self.heard.lock();
        if heard.len() >= MOST {
            heard.retain(|_, peer| peer.when.elapsed() < FORGOTTEN_AFTER);
        }
        if heard.len() < MOST || heard.contains_key(node) {
            heard.insert(node.to_owned(), Heard { at, when });
        }
    }

    /// Forgets who is gone. To be called only while the channel is heard: a
    /// node that hears nothing would forget those who are well.
    pub(super) fn forget_gone(&self) {
        let mut heard = self.heard.lock();
        heard.retain(|_, peer| peer.when.elapsed() < FORGOTTEN_AFTER);
    }

    /// Whether one of the nodes that were heard says that it has had the store
    /// and the channel for so long, without a break.
    pub(super) async fn one_is_steady_for(&self, span: Duration) -> bool {
        let some: Vec<_> = {
            let heard = self.heard.lock();
            let peers = heard.iter().map(|(node, peer)| (node.clone(), peer.at));
            peers.choose_multiple(&mut rand::rng(), ASKED)
        };
        let mut answers: FuturesUnordered<_> = some
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
}

/// The address of this machine on its way to the rest of the world, if there is one.
fn way_out() -> Option<std::net::IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect(ELSEWHERE).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

/// What `/readyz` says.
#[derive(Debug, Deserialize)]
struct Answer {
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
    let answer: Answer = serde_json::from_str(body).ok()?;
    (answer.ready && answer.node == node).then(|| Duration::from_millis(answer.steady_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_was_set_is_kept_and_any_other_is_learned() {
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        let peers = Peers::default();
        peers.listens_at(at("10.0.0.3:8080"));
        peers.was_reached_at(Ok(at("127.0.0.1:8080")));
        assert_eq!(peers.here(), Some(at("10.0.0.3:8080")));
        peers.listens_at(at("0.0.0.0:8080"));
        peers.was_reached_at(Ok(at("[::ffff:10.0.0.4]:8080")));
        assert_eq!(peers.here(), Some(at("10.0.0.4:8080")));
        peers.was_reached_at(Err(std::io::ErrorKind::NotConnected.into()));
        assert_eq!(peers.here(), Some(at("10.0.0.4:8080")));
    }

    #[test]
    fn so_many_nodes_are_remembered_and_no_more() {
        let peers = Peers::default();
        for number in 0..2 * MOST {
            peers.heard(&format!("n_{number}"), ELSEWHERE.into());
        }
        assert_eq!(peers.heard.lock().len(), MOST);
        peers.forget_gone();
        assert_eq!(peers.heard.lock().len(), MOST);
    }
}
