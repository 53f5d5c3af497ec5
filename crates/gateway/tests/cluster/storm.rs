//! Everybody drops at once and comes back at once: whole, and without asking
//! Redis once for each.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::support::{Cluster, Node, Raw, SOON, room};

const CROWD: usize = 60;
const MISSED: u64 = 50;

async fn come(node: &Node, name: &str, room_name: &str, since: Option<Value>) -> (Raw, Value) {
    let mut raw = Raw::hello(node, name).await;
    let snapshot = raw.join(&room(room_name), since).await;
    (raw, snapshot)
}

async fn crowd(node: &Node, room_name: &str, since: Option<&Value>) -> Vec<(Raw, Value)> {
    let coming = (0..CROWD).map(|number| {
        let since = since.cloned();
        async move { come(node, &format!("u-{number}"), room_name, since).await }
    });
    join_all(coming).await
}

async fn write(author: &mut Raw, room_name: &str, count: u64) {
    for number in 0..count {
        let send = json!({"type": "send", "room": room_name, "text": format!("text {number}")});
        assert_eq!(author.ask(send).await["type"], "ok");
    }
}

fn seqs(events: &Value) -> Vec<u64> {
    let events = events.as_array().expect("a list").iter();
    events.map(|event| event["seq"].as_u64().unwrap()).collect()
}

async fn next_message(raw: &mut Raw) -> Value {
    loop {
        let frame = raw.next().await;
        if frame["type"] == "message" {
            return frame;
        }
    }
}

async fn range_reads(node: &Node) -> f64 {
    node.metric("rookery_range_reads_total").await
}

#[tokio::test]
async fn a_storm_is_answered_with_at_most_one_reading_per_room_and_node() {
    one_reading_answers_a_storm(Cluster::start(2).await).await;
}

#[tokio::test]
async fn a_storm_with_a_redis_far_away_is_answered_with_one_reading_as_well() {
    one_reading_answers_a_storm(Cluster::start_far_away(2, &[]).await).await;
}

async fn one_reading_answers_a_storm(cluster: Cluster) {
    let [home, other] = &cluster.nodes[..] else {
        unreachable!()
    };
    let mut author = Raw::hello(other, "author").await;
    let before = range_reads(home).await;
    let crowd_there = crowd(home, "general", None).await;
    assert_eq!(range_reads(home).await, before + 1.0);
    let since = json!({"epoch": crowd_there[0].1["epoch"], "seq": 0});
    drop(crowd_there);
    write(&mut author, "general", MISSED).await;

    // The node that all were on has followed the room meanwhile, the other has not.
    for (node, readings) in [(home, 0.0), (other, 1.0)] {
        let before = range_reads(node).await;
        let mut back = crowd(node, "general", Some(&since)).await;
        for (_, snapshot) in &back {
            assert_eq!(snapshot["recovered"], true);
            let seq = snapshot["seq"].as_u64().unwrap();
            assert_eq!(seqs(&snapshot["events"]), (1..=seq).collect::<Vec<_>>());
        }
        assert_eq!(range_reads(node).await, before + readings);
        write(&mut author, "general", 1).await;
        for (raw, snapshot) in &mut back {
            let next = next_message(raw).await["seq"].as_u64();
            assert_eq!(next, snapshot["seq"].as_u64().map(|seq| seq + 1));
        }
    }
}

async fn change(author: &mut Raw, kind: &str, target: u64) {
    let change = json!({"type": kind, "room": "general", "target": target, "text": "other words", "emoji": "👍", "on": true});
    assert_eq!(author.ask(change).await["type"], "ok");
}

/// What is edited and deleted is so in memory too: nothing of it is read again.
#[tokio::test]
async fn a_storm_in_a_room_with_edits_deletions_and_reactions_is_answered_from_memory() {
    let cluster = Cluster::start_far_away(2, &[]).await;
    let [home, other] = &cluster.nodes[..] else {
        unreachable!()
    };
    let (mut author, begun) = come(other, "author", "general", None).await;
    write(&mut author, "general", 80).await;
    for target in (1..80).step_by(4) {
        change(&mut author, "edit", target).await;
        change(&mut author, "delete", target + 1).await;
        change(&mut author, "react", target + 2).await;
    }
    let since = json!({"epoch": begun["epoch"], "seq": 60});
    for (node, mut readings) in [(home, 1.0), (other, 0.0)] {
        let before = range_reads(node).await;
        for round in 0..3 {
            let coming = crowd(node, "general", None).await;
            let page = &coming[0].1["messages"];
            assert_eq!(seqs(page).len(), 50, "{page}");
            let edited = page.as_array().unwrap().iter();
            assert!(edited.filter(|it| it["text"] == "other words").count() > 10);
            let reacted = page.as_array().unwrap().iter();
            let reacted = reacted.filter(|it| it["reactions"][0]["count"] == 1);
            assert!(reacted.count() > 10);
            for (_, snapshot) in &coming {
                assert_eq!(snapshot["messages"], *page);
            }
            // Whoever comes back needs the events, which a page does not have: once.
            let back = crowd(node, "general", Some(&since)).await;
            assert!(
                back.iter()
                    .all(|(_, snapshot)| snapshot["recovered"] == true)
            );
            if node.address() == home.address() && round == 0 {
                readings += 1.0;
            }
            change(&mut author, "edit", 77 - 4 * round).await;
        }
        // A doubt of the shared channel, on a busy machine, asks once more.
        let read = range_reads(node).await - before;
        assert!(read <= readings + 1.0, "read {read} times");
    }
}

/// Nobody hears of sixty who were away for a moment, and sixty who come for the
/// first time are told of together.
#[tokio::test]
async fn a_storm_is_no_storm_of_presence() {
    let cluster = Cluster::start_with(1, &[("presence.grace_ms", "30000")]).await;
    let node = &cluster.nodes[0];
    let (mut watcher, snapshot) = come(node, "watcher", "general", None).await;
    let first = crowd(node, "general", None).await;
    let mut online = snapshot["online_count"].as_u64().unwrap();
    while online < CROWD as u64 + 1 {
        let frame = watcher.next().await;
        if frame["type"] == "presence" {
            online = frame["online_count"].as_u64().unwrap();
        }
    }
    // The last may be told of in several frames of one batch.
    while timeout(Duration::from_millis(500), watcher.next())
        .await
        .is_ok()
    {}
    drop(first);
    let back = crowd(node, "general", None).await;
    assert_eq!(back.len(), CROWD);
    let heard = timeout(Duration::from_secs(2), watcher.next()).await;
    assert!(heard.is_err(), "{heard:?}");
}

#[tokio::test]
async fn a_room_that_nobody_is_in_is_forgotten_by_itself() {
    let cluster = Cluster::start_with(1, &[("rooms.linger_ms", "1500")]).await;
    let node = &cluster.nodes[0];
    for number in 0..20 {
        let (mut raw, _) = come(node, "alex", &format!("r-{number}"), None).await;
        write(&mut raw, &format!("r-{number}"), 1).await;
    }
    assert!(node.metric("rookery_rooms").await > 0.0);
    let forgetting = async {
        while node.metric("rookery_rooms").await > 0.0
            || node.metric("rookery_recent_bytes").await > 0.0
        {
            sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(SOON, forgetting).await.expect("nothing is left");
}

#[tokio::test]
async fn the_memory_of_rooms_is_bounded() {
    let settings = [("rooms.recent_bytes", "1048576"), ("limits.send_rate", "0")];
    let cluster = Cluster::start_with(1, &settings).await;
    let node = &cluster.nodes[0];
    let mut raw = Raw::hello(node, "alex").await;
    let text = "x".repeat(3_900);
    for number in 0..40 {
        let name = format!("r-{number}");
        raw.join(&room(&name), None).await;
        for _ in 0..10 {
            let send = json!({"type": "send", "room": name, "text": text});
            assert_eq!(raw.ask(send).await["type"], "ok");
        }
    }
    let kept = async {
        while node.metric("rookery_recent_bytes").await > 1_048_576.0 {
            sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(SOON, kept).await.expect("within the budget");
    // What was given up is read again.
    for number in [0, 39] {
        let (_, snapshot) = come(node, "bea", &format!("r-{number}"), None).await;
        assert_eq!(seqs(&snapshot["messages"]), (1..=10).collect::<Vec<_>>());
    }
}

/// From memory or not, what is past its lifetime is not shown.
#[tokio::test]
async fn a_storm_gets_nothing_that_is_past_its_lifetime() {
    let cluster = Cluster::start_with(1, &[("rooms.lifetimes", "event:=3s")]).await;
    let node = &cluster.nodes[0];
    let (mut raw, snapshot) = come(node, "alex", "event:x", None).await;
    write(&mut raw, "event:x", 5).await;
    let since = json!({"epoch": snapshot["epoch"], "seq": 0});
    let before = node.metric("rookery_joins_from_memory_total").await;
    for (_, snapshot) in crowd(node, "event:x", Some(&since)).await {
        assert_eq!(seqs(&snapshot["events"]), [1, 2, 3, 4, 5]);
    }
    let from_memory = node.metric("rookery_joins_from_memory_total").await - before;
    assert_eq!(from_memory, CROWD as f64);
    sleep(Duration::from_millis(3_200)).await;
    for (_, snapshot) in crowd(node, "event:x", Some(&since)).await {
        assert_eq!(snapshot["recovered"], false);
        assert_eq!(seqs(&snapshot["messages"]), [0; 0]);
    }
}
