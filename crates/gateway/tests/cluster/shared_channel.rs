//! Redis pub/sub loses what a cut subscriber missed; the log does not.

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use crate::support::{Cluster, Raw, Watcher, Writers, assert_one_log, client, key_of, room, soon};

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

/// How many scripts Redis has run.
fn scripts_run(cluster: &Cluster) -> u64 {
    let stats = cluster.redis().command(&["INFO", "commandstats"]).unwrap();
    let calls = |line: &str| {
        line.strip_prefix("cmdstat_evalsha:calls=")?
            .split(',')
            .next()?
            .parse()
            .ok()
    };
    stats.lines().find_map(calls).unwrap_or(0)
}

/// Whoever came or went meanwhile is told of, and no room costs a call of its own.
#[tokio::test]
async fn after_a_cut_all_rooms_are_looked_at_in_a_few_calls() {
    const ROOMS: usize = 400;
    let settings = [("limits.rooms_made_per_hour", "0")];
    let cluster = Cluster::start_with(1, &settings).await;
    let node = &cluster.nodes[0];
    let mut everywhere = Raw::hello(node, "everywhere").await;
    let mut joins = vec![];
    for number in 0..ROOMS {
        let join = json!({"type": "join", "room": format!("r-{number}")});
        joins.push(everywhere.say(join).await);
    }
    for join in joins {
        assert_eq!(everywhere.answer(join).await["type"], "ok");
    }
    let mut watcher = Watcher::join(node, "watcher", &room("r-7")).await;
    watcher
        .until("both are there", |seen| {
            seen.presence.last().is_some_and(|last| last.2 == 2)
        })
        .await;
    let passes = node.metric("rookery_passes_total").await;
    let before = scripts_run(&cluster);
    // What nobody hears of, since no transition is told: another node's users are gone.
    let gone = key_of("online", "r-7");
    cluster
        .redis()
        .command(&["HDEL", &gone, "everywhere"])
        .unwrap();
    cluster.cut_shared_channel();
    soon("a pass over all rooms", async {
        while node.metric("rookery_passes_total").await <= passes {
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let run = scripts_run(&cluster) - before;
    assert!(run < 60, "{run} scripts for {ROOMS} rooms");
    watcher
        .until("the missed is told", |seen| {
            let last = seen.presence.last();
            last.is_some_and(|(user, status, count)| {
                (user.as_str(), status.as_str(), *count) == ("everywhere", "offline", 1)
            })
        })
        .await;
}
