//! Whatever a client sends: a node answers or closes, keeps its memory, serves
//! the others, and never dies.

mod broken_frames;
mod broken_upgrades;
mod garbage;
mod half_open;
mod mass_drop;
mod slow_writer;
mod wire;

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Node, Raw, room};

/// A node with one good client on it, by which one sees whether it is well.
struct Patient {
    node: Node,
    good: Raw,
}

impl Patient {
    async fn start(settings: &[(&str, &str)]) -> Self {
        let node = Node::start(settings).await;
        let mut good = Raw::hello(&node, "good").await;
        good.join(&room("general"), None).await;
        Self { node, good }
    }

    /// That the node lives, answers soon and takes new clients in.
    async fn assert_well(&mut self) {
        let asked = Instant::now();
        let send = json!({"type": "send", "room": "general", "text": "still here"});
        assert_eq!(self.good.ask(send).await["type"], "ok");
        Raw::hello(&self.node, "new").await;
        assert!(
            asked.elapsed() < Duration::from_secs(6),
            "{:?}",
            asked.elapsed()
        );
        assert!(self.node.is_running());
        let log = self.node.log();
        assert!(!log.contains("panicked"), "{log}");
    }
}
