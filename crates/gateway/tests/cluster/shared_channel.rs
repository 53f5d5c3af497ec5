//! Redis pub/sub loses what a cut subscriber missed; the log does not.

use std::time::Duration;

use tokio::time::sleep;

use crate::support::{Cluster, Watcher, Writers, assert_one_log, client, room};

#[tokio::test]
async fn cutting_the_shared_channel_under_traffic_loses_nothing() {
    let cluster = Cluster::start(3).await;
    let general = room("general");
    let mut watchers = vec![];
    for node in &cluster.nodes {
        watchers.push(Watcher::join(node, "watcher", &general).await);
    }
    let authors = cluster.nodes.iter().map(|node| client([node], "author"));
    let mut writers = Writers::start(authors, &general, Duration::from_millis(2));
    for _ in 0..8 {
        writers.write(60).await;
        cluster.cut_shared_channel();
        sleep(Duration::from_millis(100)).await;
    }
    writers.write(60).await;
    let acknowledged = writers.stop().await;

    let last = acknowledged.last().unwrap().seq;
    let mut logs = vec![];
    for watcher in &mut watchers {
        watcher.reaches(last).await;
        logs.push(("a watcher", watcher.log()));
        assert_eq!(watcher.seen().closed, None, "the clients notice nothing");
    }
    assert_one_log(&acknowledged, &logs);
}

#[tokio::test]
async fn what_came_while_the_channel_was_cut_arrives_without_further_traffic() {
    let cluster = Cluster::start(2).await;
    let general = room("general");
    let mut watcher = Watcher::join(&cluster.nodes[1], "watcher", &general).await;
    let author = client([&cluster.nodes[0]], "author");
    for round in 1..=5 {
        cluster.cut_shared_channel();
        // The last message of a quiet room: nothing after it shows the hole.
        author.send(&general, format!("{round}")).await.unwrap();
        watcher.reaches(round).await;
    }
    assert_eq!(watcher.log().len(), 5);
}
