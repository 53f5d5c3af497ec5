//! Processes that stand still and go on, as under a stopped virtual machine or
//! a full disk: nothing is closed, nothing answers.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::sleep;

use crate::support::{
    Cluster, Raw, Watched, Watcher, Writers, assert_one_log, client, room, signal,
};

#[tokio::test]
async fn a_redis_that_stands_still_costs_time_and_nothing_else() {
    let settings = [("redis.command_timeout_ms", "2500")];
    let cluster = Cluster::start_with(2, &settings).await;
    let general = room("general");
    let mut watchers = vec![];
    for node in &cluster.nodes {
        watchers.push(Watcher::join(node, "watcher", &general).await);
    }
    let mut raw = Raw::hello(&cluster.nodes[0], "impatient").await;
    let authors = cluster.nodes.iter().chain(&cluster.nodes);
    let authors = authors.map(|node| client([node], "author"));
    let mut writers = Writers::start(authors, &general, Duration::from_millis(1));
    writers.write(150).await;

    signal(cluster.redis().pid(), "STOP");
    let asked = Instant::now();
    let send = json!({"type": "send", "room": "general", "text": "impatient", "nonce": "n"});
    let refused = raw.ask(send.clone()).await;
    assert_eq!(refused["code"], "unavailable", "{refused}");
    assert!(
        refused["retry_after_ms"].as_u64().is_some_and(|ms| ms > 0),
        "{refused}"
    );
    assert!(
        asked.elapsed() < Duration::from_secs(8),
        "{:?}",
        asked.elapsed()
    );
    cluster.nodes[0].readiness_becomes(Some(503)).await;
    sleep(Duration::from_millis(500)).await;
    signal(cluster.redis().pid(), "CONT");

    writers.write(300).await;
    let mut acknowledged = writers.stop().await;
    // Whether the refused one was stored is not known; its nonce tells.
    let sent = raw.ask(send).await;
    assert_eq!(sent["type"], "ok", "{sent}");
    let seq = sent["seq"].as_u64().unwrap();
    acknowledged.push(crate::support::Acknowledged {
        seq,
        text: "impatient".to_owned(),
    });
    let last = acknowledged.iter().map(|sent| sent.seq).max().unwrap();
    let mut logs = vec![];
    for watcher in &mut watchers {
        watcher.reaches(last).await;
        assert_eq!(watcher.seen().closed, None, "connections stay open");
        logs.push(("a watcher", watcher.log()));
    }
    assert_one_log(&acknowledged, &logs);
    cluster.nodes[0].readiness_becomes(Some(200)).await;
}

#[tokio::test]
async fn a_node_that_stood_still_heals_its_rooms_and_its_people_come_back() {
    let settings = [("presence.grace_ms", "600"), ("presence.lease_ms", "1500")];
    let cluster = Cluster::start_with(2, &settings).await;
    let general = room("general");
    let (frozen, sound) = (&cluster.nodes[0], &cluster.nodes[1]);
    let mut inside = Watcher::join(frozen, "inside", &general).await;
    let mut outside = Watcher::join(sound, "outside", &general).await;
    // Redis gives a subscriber that does not read up soon.
    let limit = [
        "CONFIG",
        "SET",
        "client-output-buffer-limit",
        "pubsub 64kb 32kb 1",
    ];
    cluster.redis().command(&limit).unwrap();
    let author = client([sound], "author");
    author.send(&general, "before").await.unwrap();
    inside.reaches(1).await;

    cluster.nodes[0].signal("STOP");
    outside
        .until("inside offline", |seen| {
            statuses(seen, "inside") == ["offline"]
        })
        .await;
    let text = "x".repeat(3000);
    for number in 0..400 {
        author
            .send(&general, format!("{number} {text}"))
            .await
            .unwrap();
    }
    cluster.nodes[0].signal("CONT");

    author.send(&general, "after").await.unwrap();
    inside.reaches(402).await;
    outside.reaches(402).await;
    assert_eq!(inside.seen().closed, None);
    assert_one_log(&[], &[("outside", outside.log()), ("inside", inside.log())]);
    outside
        .until("inside online again", |seen| {
            statuses(seen, "inside") == ["offline", "online"]
        })
        .await;
}

/// What was heard of a user.
fn statuses(seen: &Watched, user: &str) -> Vec<String> {
    let of_user = seen.presence.iter().filter(|(id, _, _)| id == user);
    of_user.map(|(_, status, _)| status.clone()).collect()
}

/// For the node no time has passed: whatever its clients said meanwhile, or
/// would have answered to a ping, counts.
#[tokio::test]
async fn a_node_that_stood_still_does_not_take_its_clients_for_dead() {
    let settings = [("heartbeat_ms", "400"), ("limits.hello_ms", "1000")];
    let cluster = Cluster::start_with(1, &settings).await;
    let node = &cluster.nodes[0];
    let general = room("general");
    let mut watchers = vec![];
    for _ in 0..20 {
        watchers.push(Watcher::join(node, "watcher", &general).await);
    }
    for round in 1..=6 {
        // At some point between two beats, which is another one each time.
        sleep(Duration::from_millis(60 * round)).await;
        node.signal("STOP");
        sleep(Duration::from_millis(1500)).await;
        node.signal("CONT");
        let author = client([node], "author");
        author.send(&general, "still here").await.unwrap();
        for watcher in &mut watchers {
            watcher.reaches(round).await;
            assert_eq!(watcher.seen().closed, None, "round {round}");
        }
    }
    // Who really is silent is found all the same.
    let silent = Raw::hello(node, "silent").await;
    let socket = silent.connection.into_inner();
    let found = async {
        while !node.log().contains("heartbeat") {
            sleep(Duration::from_millis(50)).await;
        }
    };
    crate::support::soon("the silent one being found", found).await;
    drop(socket);
}

/// Whoever said hello while the node stood still was in time.
#[tokio::test]
async fn a_hello_that_came_while_the_node_stood_still_is_answered() {
    let cluster = Cluster::start_with(1, &[("limits.hello_ms", "4000")]).await;
    let node = &cluster.nodes[0];
    let mut late = vec![];
    for _ in 0..20 {
        late.push(Raw::open(node).await);
    }
    node.signal("STOP");
    for raw in &mut late {
        let token = crate::support::token("late");
        raw.say(json!({"type": "hello", "token": token})).await;
    }
    sleep(Duration::from_millis(4500)).await;
    node.signal("CONT");
    for raw in &mut late {
        assert_eq!(raw.next().await["type"], "welcome");
    }
}
