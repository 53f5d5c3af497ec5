//! Where other nodes were last heard.
//!
//! Each node says on the shared channel, with its probe, at which address it
//! takes clients, for whoever has a question to it. What is remembered is bounded.

use std::{
    collections::HashMap,
    net::SocketAddr,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use rand::seq::IteratorRandom;

/// The most nodes that are remembered.
const MOST: usize = 256;
/// Who was not heard for so long is forgotten, while others are heard.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(10);
/// Where this node is, and where others were heard.
#[derive(Debug, Default)]
pub struct Peers {
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
    /// Clients reach this node at this address: as the settings say, or, until one
    /// was seen, as it is guessed.
    pub fn listens_at(&self, at: Option<SocketAddr>, fixed: bool) {
        *self.here.lock() = Here { at, fixed };
    }

    /// A client, or the balancer for it, came to this address: others reach this
    /// node there. Of a listener on all addresses nothing better is known.
    pub fn was_reached_at(&self, address: std::io::Result<SocketAddr>) {
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

    /// Some of those who were heard lately, in no order, so many at most.
    pub fn some(&self, most: usize) -> Vec<(String, SocketAddr)> {
        let heard = self.heard.lock();
        let peers = heard.iter().map(|(node, peer)| (node.clone(), peer.at));
        peers.choose_multiple(&mut rand::rng(), most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_that_was_set_is_kept_and_any_other_is_learned() {
        let peers = Peers::default();
        peers.listens_at(Some(at("10.0.0.3:8080")), true);
        peers.was_reached_at(Ok(at("127.0.0.1:8080")));
        assert_eq!(peers.here(), Some(at("10.0.0.3:8080")));
        peers.listens_at(None, false);
        peers.was_reached_at(Ok(at("[::ffff:10.0.0.4]:8080")));
        assert_eq!(peers.here(), Some(at("10.0.0.4:8080")));
        peers.was_reached_at(Err(std::io::ErrorKind::NotConnected.into()));
        assert_eq!(peers.here(), Some(at("10.0.0.4:8080")));
    }

    #[test]
    fn so_many_nodes_are_remembered_and_no_more() {
        let peers = Peers::default();
        for number in 0..2 * MOST {
            peers.heard(&format!("n_{number}"), at("192.0.2.1:9"));
        }
        assert_eq!(peers.heard.lock().len(), MOST);
        peers.forget_gone();
        assert_eq!(peers.heard.lock().len(), MOST);
        assert_eq!(peers.some(16).len(), 16);
    }
}
