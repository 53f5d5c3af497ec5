//! A node that is killed with -9 takes nothing acknowledged with it.

use std::time::Duration;

use crate::support::{
    Cluster, Reader, Watcher, Writers, assert_one_log, client, client_settings, room,
};

#[tokio::test]
async fn a_node_killed_under_traffic_loses_nothing_and_its_clients_go_on_elsewhere() {
    let mut cluster = Cluster::start(3).await;
    let general = room("general");
    let nodes = &cluster.nodes;
    // Each begins on another node; all can go anywhere.
    let turns = [[0, 1, 2], [1, 2, 0], [2, 0, 1]];
    let around = |turn: [usize; 3]| turn.map(|index| &nodes[index]);
    let mut readers = vec![];
    for turn in turns {
        readers.push(Reader::join(client_settings(around(turn), "reader"), &general).await);
    }
    let mut watcher = Watcher::join(&nodes[2], "watcher", &general).await;
    let authors = turns.into_iter().chain(turns);
    let authors = authors.map(|turn| client(around(turn), "author"));
    let mut writers = Writers::start(authors, &general, Duration::from_millis(1));

    writers.write(200).await;
    for victim in [0, 1] {
        cluster.nodes[victim].kill();
        writers.write(200).await;
        cluster.nodes[victim].restart().await;
        writers.write(100).await;
    }
    let acknowledged = writers.stop().await;

    let last = acknowledged.last().unwrap().seq;
    watcher.reaches(last).await;
    let mut logs = vec![("the watcher", watcher.log())];
    for reader in &mut readers {
        logs.push(("a reader", reader.whole_log(last).await));
    }
    assert_one_log(&acknowledged, &logs);
    assert!(
        readers[0].seen().nodes.len() > 1,
        "the first node was killed"
    );
}
