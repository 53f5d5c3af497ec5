//! Nodes, their workers and their clients.

mod client;
mod lines;
mod node;
mod worker;

use std::time::Duration;

pub(crate) use client::{Client, message, user};
pub(crate) use lines::{LINES, MARKED};
pub(crate) use node::{Node, Surroundings};

/// How long something may take that is to happen.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// Waits until it is so.
pub(crate) async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(SOON, waiting).await;
    assert!(waited.is_ok(), "it was waited in vain: {what}");
}

/// Runs a test on one thread, where sessions live.
pub(crate) fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, test);
}
