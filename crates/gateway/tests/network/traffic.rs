//! People who read and write through all that happens, and the audit of what they saw.

use std::time::{Duration, Instant};

use crate::{
    service::Service,
    support::{Reader, Writers, assert_one_log, room},
};

/// How many of either there are: with two nodes, some on each.
const READERS: usize = 8;
const WRITERS: usize = 4;

pub(crate) struct Traffic {
    readers: Vec<Reader>,
    writers: Writers,
}

impl Traffic {
    /// Has people come into a room, and waits until they see what is written.
    pub(crate) async fn start(service: &Service, in_room: &str) -> Self {
        let general = room(in_room);
        let mut readers = vec![];
        for _ in 0..READERS {
            readers.push(Reader::join(service.client_settings("reader"), &general).await);
        }
        let authors = (0..WRITERS).map(|_| service.client("author"));
        let writers = Writers::start(authors, &general, Duration::from_millis(20));
        let mut traffic = Self { readers, writers };
        traffic.flows().await;
        traffic
    }

    /// Waits until messages are written, and seen by everybody.
    pub(crate) async fn flows(&mut self) {
        self.writers.write(50).await;
        let written = self.writers.last();
        for reader in &mut self.readers {
            reader.reaches(written).await;
        }
    }

    /// The same again and again, for so long.
    pub(crate) async fn flows_for(&mut self, span: Duration) {
        let began = Instant::now();
        while began.elapsed() < span {
            self.flows().await;
        }
    }

    /// How many connections were lost so far.
    pub(crate) fn losses(&self) -> usize {
        let readers = self.readers.iter();
        readers.map(|reader| reader.seen().losses.len()).sum()
    }

    /// Waits until no reader is on the node of this name.
    pub(crate) async fn leaves(&mut self, node: &str) {
        for reader in &mut self.readers {
            reader
                .until(&format!("being served elsewhere than at {node}"), |seen| {
                    seen.nodes.last().is_some_and(|last| last.as_str() != node)
                })
                .await;
        }
    }

    /// Ends it: every message that was acknowledged was seen by everybody,
    /// once, and in one order.
    pub(crate) async fn audit(mut self) {
        self.flows().await;
        let acknowledged = self.writers.stop().await;
        let last = acknowledged.last().unwrap().seq;
        let mut logs = vec![];
        for reader in &mut self.readers {
            logs.push(("a reader", reader.whole_log(last).await));
        }
        assert_one_log(&acknowledged, &logs);
    }
}
