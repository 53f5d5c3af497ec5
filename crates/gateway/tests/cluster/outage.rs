//! Everything killed at once: the nodes, and Redis with them.

use std::time::Duration;

use crate::support::{Cluster, Reader, Writers, assert_one_log, client, client_settings, room};

#[tokio::test]
async fn when_everything_was_killed_and_started_again_everybody_goes_on() {
    let mut cluster = Cluster::start(3).await;
    let general = room("general");
    let mut readers = vec![];
    for _ in 0..3 {
        readers.push(Reader::join(client_settings(&cluster.nodes, "reader"), &general).await);
    }
    // One sits on a node through which nobody writes.
    let apart = [&cluster.nodes[2]];
    readers.push(Reader::join(client_settings(apart, "apart"), &general).await);
    let authors = (0..4).map(|_| client(&cluster.nodes[..2], "author"));
    let mut writers = Writers::start(authors, &general, Duration::from_millis(1));
    writers.write(200).await;

    for node in &mut cluster.nodes {
        node.kill();
    }
    cluster.kill_redis();
    cluster.restart_redis().await;
    for node in &mut cluster.nodes {
        node.restart().await;
    }

    writers.write(200).await;
    let acknowledged = writers.stop().await;
    let last = acknowledged.last().unwrap().seq;
    let mut logs = vec![];
    for reader in &mut readers {
        logs.push(("a reader", reader.whole_log(last).await));
    }
    assert_one_log(&acknowledged, &logs);
}
