//! Redis killed and started again: nothing acknowledged is lost, nobody is
//! thrown out, and it is said at once.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::sleep;

use crate::support::{
    Cluster, Raw, Reader, SOON, Watcher, Writers, assert_one_log, client, client_settings, get,
    room, token,
};

#[tokio::test]
async fn redis_killed_under_traffic_and_restarted_loses_nothing() {
    // The last node only watches.
    let mut cluster = Cluster::start(3).await;
    let general = room("general");
    let mut watchers = vec![];
    for node in &cluster.nodes {
        watchers.push(Watcher::join(node, "watcher", &general).await);
    }
    let settings = client_settings([&cluster.nodes[2]], "reader");
    let mut reader = Reader::join(settings, &general).await;
    let authors = [0, 1, 0, 1].map(|node: usize| client([&cluster.nodes[node]], "author"));
    let mut writers = Writers::start(authors, &general, Duration::from_millis(1));
    for _ in 0..2 {
        writers.write(150).await;
        cluster.kill_redis();
        sleep(Duration::from_millis(700)).await;
        cluster.restart_redis().await;
    }
    writers.write(150).await;
    let acknowledged = writers.stop().await;

    let last = acknowledged.last().unwrap().seq;
    reader.reaches(last).await;
    reader.assert_never_robbed();
    assert_eq!(reader.seen().losses, [], "its connection stayed open");
    let mut logs = vec![("the reader", reader.log())];
    for watcher in &mut watchers {
        watcher.reaches(last).await;
        assert_eq!(watcher.seen().closed, None, "connections stay open");
        logs.push(("a watcher", watcher.log()));
    }
    assert_one_log(&acknowledged, &logs);
}

#[tokio::test]
async fn while_redis_is_away_it_is_said_at_once() {
    let mut cluster = Cluster::start(1).await;
    let general = room("general");
    let mut raw = Raw::hello(&cluster.nodes[0], "alex").await;
    let mut quiet = Raw::hello(&cluster.nodes[0], "bea").await;
    raw.join(&general, None).await;
    let send = |text: &str| json!({"type": "send", "room": "general", "text": text, "nonce": text});
    assert_eq!(raw.ask(send("before")).await["seq"], 1);

    cluster.kill_redis();
    // The one that is on its way while the link dies may take as long as an answer may.
    let first = raw.ask(send("meanwhile")).await;
    assert_eq!(first["code"], "unavailable", "{first}");
    for _ in 0..5 {
        let asked = Instant::now();
        let refused = raw.ask(send("meanwhile")).await;
        assert_eq!(refused["code"], "unavailable", "{refused}");
        assert!(
            refused["retry_after_ms"].as_u64().is_some_and(|ms| ms > 0),
            "{refused}"
        );
        assert!(
            asked.elapsed() < Duration::from_secs(1),
            "{:?}",
            asked.elapsed()
        );
    }
    let node = &cluster.nodes[0];
    node.readiness_becomes(Some(503)).await;
    assert_eq!(
        get(node.address(), "/healthz").await.unwrap().0,
        200,
        "the process lives"
    );
    assert_eq!(raw.ask(json!({"type": "ping"})).await["type"], "pong");
    assert_eq!(quiet.ask(json!({"type": "ping"})).await["type"], "pong");

    cluster.restart_redis().await;
    cluster.nodes[0].readiness_becomes(Some(200)).await;
    let sent = raw.ask(send("meanwhile")).await;
    assert_eq!(
        (&sent["seq"], &sent["duplicate"]),
        (&json!(2), &json!(false)),
        "{sent}"
    );
    let snapshot = quiet.join(&general, None).await;
    assert_eq!(snapshot["messages"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_client_that_comes_while_redis_is_away_comes_in_when_it_is_back() {
    let mut cluster = Cluster::start(1).await;
    let general = room("general");
    client([&cluster.nodes[0]], "alex")
        .join(&general)
        .await
        .unwrap();
    cluster.kill_redis();
    cluster.nodes[0].readiness_becomes(Some(503)).await;
    let settings = client_settings([&cluster.nodes[0]], "bea");
    let coming = tokio::spawn({
        let general = general.clone();
        async move { Reader::join(settings, &general).await }
    });
    sleep(Duration::from_millis(500)).await;
    assert!(!coming.is_finished());
    cluster.restart_redis().await;
    let mut reader = coming.await.unwrap();
    reader.client.send(&general, "here I am").await.unwrap();
    reader.reaches(1).await;
}

#[tokio::test]
async fn the_more_come_while_redis_is_away_the_longer_they_are_spread() {
    const NEWCOMERS: usize = 4_000;
    let mut cluster = Cluster::start_with(1, &[("limits.hello_ms", "60000")]).await;
    cluster.kill_redis();
    cluster.nodes[0].readiness_becomes(Some(503)).await;
    let mut raw = Raw::open(&cluster.nodes[0]).await;
    let mut told = vec![];
    while told.len() < NEWCOMERS {
        let hello = json!({"type": "hello", "token": token("alex")});
        let refused = raw.ask(hello).await;
        assert_eq!(refused["code"], "unavailable", "{refused}");
        told.push(refused["retry_after_ms"].as_u64().unwrap());
    }
    let longest = |told: &[u64]| *told.iter().max().unwrap();
    assert!(longest(&told[..100]) < 1_050, "few come soon");
    assert!(longest(&told[NEWCOMERS - 500..]) > 1_050, "many later");
    assert!(told.iter().all(|ms| (250..=5_000).contains(ms)));
}

#[tokio::test]
async fn what_follows_a_hello_that_was_put_off_is_put_off_as_well() {
    let mut cluster = Cluster::start_with(1, &[("limits.hello_ms", "20000")]).await;
    cluster.kill_redis();
    cluster.nodes[0].readiness_becomes(Some(503)).await;
    let mut raw = Raw::open(&cluster.nodes[0]).await;
    let hello = json!({"type": "hello", "token": token("alex")});
    let join = json!({"type": "join", "room": "general"});
    let said = [raw.say(hello.clone()).await, raw.say(join.clone()).await];
    for id in said {
        let refused = raw.answer(id).await;
        assert_eq!(refused["code"], "unavailable", "{refused}");
        assert!(refused["retry_after_ms"].as_u64() > Some(0), "{refused}");
    }

    cluster.restart_redis().await;
    cluster.nodes[0].readiness_becomes(Some(200)).await;
    let said = [raw.say(hello).await, raw.say(join).await];
    let answers = [raw.answer(said[0]).await, raw.answer(said[1]).await];
    assert_eq!(answers[0]["type"], "welcome", "{}", answers[0]);
    assert_eq!(answers[1]["room"]["room"], "general", "{}", answers[1]);
}

#[tokio::test]
async fn whoever_was_put_off_for_too_long_is_sent_away_to_come_back() {
    let mut cluster = Cluster::start_with(1, &[("limits.hello_ms", "1000")]).await;
    cluster.kill_redis();
    cluster.nodes[0].readiness_becomes(Some(503)).await;
    let mut raw = Raw::open(&cluster.nodes[0]).await;
    let mut silent = Raw::open(&cluster.nodes[0]).await;
    let hello = json!({"type": "hello", "token": token("alex")});
    assert_eq!(raw.ask(hello).await["code"], "unavailable");
    assert_eq!(raw.closes(SOON).await, 4001);
    assert_eq!(silent.closes(SOON).await, 4502);
}

#[tokio::test]
async fn whoever_followed_a_log_that_was_lost_is_told_when_to_come_back() {
    let cluster = Cluster::start(1).await;
    let general = room("general");
    let mut watchers = vec![];
    for name in ["alex", "bea", "chris"] {
        let mut raw = Raw::hello(&cluster.nodes[0], name).await;
        raw.join(&general, None).await;
        watchers.push(raw);
    }
    let mut writer = Raw::hello(&cluster.nodes[0], "writer").await;
    let send = json!({"type": "send", "room": "general", "text": "hi"});
    writer.ask(send.clone()).await;
    cluster.redis().command(&["FLUSHALL"]).unwrap();
    writer.join(&general, None).await;
    writer.ask(send).await;
    for mut raw in watchers {
        assert_eq!(raw.closes(SOON).await, 4004);
        let after_ms = loop {
            let frame = raw.next().await;
            if frame["type"] == "reconnect" {
                break frame["after_ms"].as_u64().unwrap();
            }
        };
        assert!((250..=1_010).contains(&after_ms), "{after_ms}");
    }
}

#[tokio::test]
async fn a_log_that_was_lost_is_told_by_a_new_epoch() {
    let cluster = Cluster::start(2).await;
    let general = room("general");
    let mut raw = Raw::hello(&cluster.nodes[0], "alex").await;
    let epoch = raw.join(&general, None).await["epoch"].clone();
    for text in ["one", "two", "three"] {
        raw.ask(json!({"type": "send", "room": "general", "text": text}))
            .await;
    }
    cluster.redis().command(&["FLUSHALL"]).unwrap();
    let mut other = Raw::hello(&cluster.nodes[1], "bea").await;
    let cursor = json!({"epoch": epoch, "seq": 2});
    let snapshot = other.join(&general, Some(cursor)).await;
    assert_eq!(snapshot["recovered"], false);
    assert_ne!(snapshot["epoch"], epoch);
    assert_eq!(snapshot["messages"], json!([]));
}
