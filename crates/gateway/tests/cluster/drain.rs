//! Stopping a node: its clients are asked to go, spread over time, and go on elsewhere.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rookery_client::{ConnectionError, RawConnection};

use crate::support::{
    Cluster, Reader, SOON, Watcher, Writers, assert_one_log, client, client_settings, get, room,
};

const DRAIN_MS: u64 = 2000;
const DRAIN: (&str, &str) = ("drain_ms", "2000");

#[tokio::test]
async fn draining_under_traffic_loses_nothing_and_sends_nobody_away_twice() {
    let mut cluster = Cluster::start_with(2, &[DRAIN]).await;
    let general = room("general");
    let (leaving, staying) = (&cluster.nodes[0], &cluster.nodes[1]);
    let mut readers = vec![];
    for _ in 0..4 {
        readers.push(Reader::join(client_settings([leaving, staying], "reader"), &general).await);
    }
    let mut watcher = Watcher::join(staying, "watcher", &general).await;
    let authors = (0..4).map(|_| client([leaving, staying], "author"));
    let mut writers = Writers::start(authors, &general, Duration::from_millis(2));
    writers.write(100).await;

    cluster.nodes[0].signal("TERM");
    let status = cluster.nodes[0]
        .ends(Duration::from_millis(DRAIN_MS) + SOON)
        .await;
    assert_eq!(status.code(), Some(0), "{status}");
    writers.write(100).await;
    let acknowledged = writers.stop().await;

    let last = acknowledged.last().unwrap().seq;
    watcher.reaches(last).await;
    let mut logs = vec![("the watcher", watcher.log())];
    for reader in &mut readers {
        reader.reaches(last).await;
        reader.assert_never_robbed();
        let seen = reader.seen();
        assert_eq!(
            (seen.losses.len(), seen.nodes.len()),
            (1, 2),
            "{:?}",
            seen.losses
        );
        logs.push(("a reader", reader.log()));
    }
    assert_one_log(&acknowledged, &logs);
}

#[tokio::test]
async fn each_is_told_its_own_time_and_closed_with_4000() {
    let mut cluster = Cluster::start_with(1, &[DRAIN]).await;
    let general = room("general");
    let mut watchers = vec![];
    for _ in 0..30 {
        watchers.push(Watcher::join(&cluster.nodes[0], "watcher", &general).await);
    }
    let node = &mut cluster.nodes[0];
    node.signal("TERM");
    let mut waits = vec![];
    for watcher in &mut watchers {
        watcher
            .until("the close", |seen| seen.closed.is_some())
            .await;
        let seen = watcher.seen();
        assert_eq!(seen.closed, Some(4000));
        waits.push(seen.reconnect.expect("a reconnect before the close"));
    }
    waits.sort_unstable();
    assert!(*waits.last().unwrap() <= DRAIN_MS, "{waits:?}");
    assert!(waits[29] - waits[0] > DRAIN_MS / 2, "not spread: {waits:?}");
    waits.dedup();
    assert!(waits.len() > 10, "not each its own: {waits:?}");
    assert_eq!(node.ends(SOON).await.code(), Some(0));
}

#[tokio::test]
async fn a_draining_node_is_not_ready_and_takes_nobody_in() {
    let mut cluster = Cluster::start_with(1, &[("drain_ms", "5000")]).await;
    let general = room("general");
    let node = &cluster.nodes[0];
    let mut watchers = vec![];
    for _ in 0..10 {
        watchers.push(Watcher::join(node, "watcher", &general).await);
    }
    node.signal("TERM");
    watchers[0]
        .until("being asked to go", |seen| seen.reconnect.is_some())
        .await;
    let readiness = node.readiness().await;
    assert!(matches!(readiness, Some(503) | None), "{readiness:?}");
    match RawConnection::connect(&node.ws(), SOON).await {
        Err(ConnectionError::Upgrade { status: 503, .. } | ConnectionError::Broken(_)) => {}
        other => panic!("not refused: {other:?}"),
    }
    cluster.nodes[0].signal("TERM");
    cluster.nodes[0].ends(SOON).await;
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    for (first, second) in [("TERM", "TERM"), ("INT", "INT")] {
        let mut cluster = Cluster::start_with(1, &[("drain_ms", "60000")]).await;
        let general = room("general");
        let mut watcher = Watcher::join(&cluster.nodes[0], "watcher", &general).await;
        // It does not hang up, so the node waits for it.
        let silent = RawConnection::connect(&cluster.nodes[0].ws(), SOON)
            .await
            .unwrap();
        let node = &mut cluster.nodes[0];
        node.signal(first);
        watcher
            .until("being asked to go", |seen| seen.reconnect.is_some())
            .await;
        assert!(node.is_running());
        let asked = Instant::now();
        node.signal(second);
        node.ends(Duration::from_secs(5)).await;
        assert!(asked.elapsed() < Duration::from_secs(5));
        drop(silent);
    }
}

#[tokio::test]
async fn an_idle_node_ends_at_once_and_with_zero() {
    for signal in ["TERM", "INT"] {
        let mut cluster = Cluster::start_with(1, &[("drain_ms", "60000")]).await;
        cluster.nodes[0].signal(signal);
        let status = cluster.nodes[0].ends(Duration::from_secs(5)).await;
        assert_eq!(status.code(), Some(0), "SIG{signal}");
    }
}

#[tokio::test]
async fn who_does_not_hang_up_does_not_hold_up_the_end_for_long() {
    let mut cluster = Cluster::start_with(1, &[("drain_ms", "1000")]).await;
    let silent = RawConnection::connect(&cluster.nodes[0].ws(), SOON)
        .await
        .unwrap();
    cluster.nodes[0].signal("TERM");
    let status = cluster.nodes[0].ends(Duration::from_secs(12)).await;
    assert_eq!(status.code(), Some(0));
    drop(silent);
}

#[tokio::test]
async fn nobody_who_comes_back_elsewhere_is_seen_leaving() {
    let mut cluster = Cluster::start_far_away(2, &[DRAIN]).await;
    let general = room("general");
    let (leaving, staying) = (&cluster.nodes[0], &cluster.nodes[1]);
    let mut watcher = Watcher::join(staying, "watcher", &general).await;
    let people = (0..100).map(|number| client([leaving, staying], &format!("comes-{number}")));
    let clients: Vec<_> = people.collect();
    for joined in join_all(clients.iter().map(|client| client.join(&general))).await {
        joined.unwrap();
    }
    let mut gone = vec![];
    for number in 0..10 {
        gone.push(Watcher::join(leaving, &format!("goes-{number}"), &general).await);
    }
    watcher
        .until("all online", |seen| {
            seen.presence.last().is_some_and(|last| last.2 == 111)
        })
        .await;

    cluster.nodes[0].signal("TERM");
    let status = cluster.nodes[0]
        .ends(Duration::from_millis(DRAIN_MS) + SOON)
        .await;
    assert_eq!(status.code(), Some(0), "{status}");
    // Those who stay away are gone after their time, though the node that had them is no more.
    watcher
        .until("who stays away offline", |seen| seen.left().len() >= 10)
        .await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let seen = watcher.seen();
    let mut left = seen.left();
    left.sort_unstable();
    let mut expected: Vec<_> = (0..10).map(|number| format!("goes-{number}")).collect();
    expected.sort_unstable();
    assert_eq!(left, expected);
    assert_eq!(seen.presence.last().unwrap().2, 101);
}

#[tokio::test]
async fn a_node_that_cannot_say_that_it_ends_ends_all_the_same() {
    let mut cluster = Cluster::start_with(1, &[("drain_ms", "200")]).await;
    let general = room("general");
    let _watcher = Watcher::join(&cluster.nodes[0], "watcher", &general).await;
    cluster.kill_redis();
    cluster.nodes[0].signal("TERM");
    assert_eq!(cluster.nodes[0].ends(SOON).await.code(), Some(0));
}

#[tokio::test]
async fn a_node_without_clients_goes_on_answering_for_a_while() {
    const LEAD: Duration = Duration::from_millis(3000);
    let mut cluster = Cluster::start_with(1, &[("drain_lead_ms", "3000")]).await;
    let node = &mut cluster.nodes[0];
    let told = Instant::now();
    node.signal("TERM");
    node.readiness_becomes(Some(503)).await;
    // What is asked for in good time before the end, on a machine however busy, is answered.
    let mut rounds = 0;
    while told.elapsed() < LEAD / 2 {
        let (status, said) = get(node.address(), "/readyz").await.unwrap();
        assert!(status == 503 && said.contains("draining"), "{said}");
        assert_eq!(get(node.address(), "/healthz").await.unwrap().0, 200);
        assert_eq!(get(node.address(), "/").await.unwrap().0, 200);
        match RawConnection::connect(&node.ws(), SOON).await {
            Err(ConnectionError::Upgrade { status: 503, .. }) => {}
            other => panic!("not refused: {other:?}"),
        }
        rounds += 1;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(rounds > 0);
    assert_eq!(node.ends(SOON).await.code(), Some(0));
    assert!(told.elapsed() >= LEAD, "{:?}", told.elapsed());
}
