//! Whoever is connected is seen online, whatever becomes of Redis and of the
//! links to it.

use std::time::Duration;

use rookery_testing::{Proxy, RedisServer, free_port};
use serde_json::json;
use tokio::time::sleep;

use crate::support::{
    Cluster, Raw, Reader, Watcher, client_settings, online, online_becomes, room,
};

/// Short times, so that a few seconds outlast them.
const BRISK: [(&str, &str); 4] = [
    ("presence.grace_ms", "2000"),
    ("presence.lease_ms", "2000"),
    ("redis.command_timeout_ms", "1000"),
    // Nobody is sent to another node meanwhile.
    ("redis.away_ms", "0"),
];
/// Longer than what is waited for.
const OUTAGE: Duration = Duration::from_secs(4);

/// A user on each node who sees the others.
async fn one_each(cluster: &Cluster) -> Vec<Watcher> {
    let mut people = vec![];
    for (number, node) in cluster.nodes.iter().enumerate() {
        people.push(Watcher::join(node, &format!("user-{number}"), &room("general")).await);
    }
    for watcher in &mut people {
        let all = cluster.nodes.len() as u64;
        watcher
            .until("all online", |seen| {
                seen.presence.last().is_some_and(|last| last.2 == all)
            })
            .await;
    }
    people
}

/// That nobody was told that anybody left, or that a node is gone.
async fn assert_nobody_left(cluster: &Cluster, people: &[Watcher]) {
    for node in &cluster.nodes {
        node.readiness_becomes(Some(200)).await;
    }
    // Whatever was believed meanwhile would be seen by now.
    sleep(OUTAGE).await;
    for watcher in people {
        let seen = watcher.seen();
        let left: Vec<_> = seen
            .left()
            .into_iter()
            .filter(|user| *user != "passer-by")
            .collect();
        assert_eq!(left, [""; 0]);
        assert_eq!(seen.closed, None);
    }
    for node in &cluster.nodes {
        online_becomes(node, &room("general"), &["user-0", "user-1"]).await;
        let log = node.log();
        assert!(!log.contains("a node is gone"), "{log}");
    }
}

#[tokio::test]
async fn a_redis_that_was_away_makes_nobody_leave() {
    let mut cluster = Cluster::start_with(2, &BRISK).await;
    let people = one_each(&cluster).await;
    cluster.kill_redis();
    sleep(OUTAGE).await;
    cluster.restart_redis().await;
    assert_nobody_left(&cluster, &people).await;
}

/// The rooms are gone with everything else, and whoever was in them is sent
/// back; nobody is to be seen leaving for that.
#[tokio::test]
async fn a_redis_that_comes_back_empty_makes_nobody_leave() {
    let redis = RedisServer::start().unwrap();
    let mut cluster = Cluster::over(redis, 2, &BRISK).await;
    let general = room("general");
    let mut people = vec![];
    for (number, node) in cluster.nodes.iter().enumerate() {
        let settings = client_settings([node], &format!("user-{number}"));
        people.push(Reader::join(settings, &general).await);
    }
    for reader in &mut people {
        reader
            .until("both online", |seen| seen.online_count == 2)
            .await;
    }
    for killed in [true, false] {
        if killed {
            cluster.kill_redis();
            cluster.restart_redis().await;
        } else {
            cluster.redis().command(&["FLUSHALL"]).unwrap();
        }
        for node in &cluster.nodes {
            online_becomes(node, &room("general"), &["user-0", "user-1"]).await;
        }
        sleep(OUTAGE).await;
        for reader in &people {
            let left = reader.seen().left;
            assert!(
                !left.iter().any(|user| user.starts_with("user")),
                "{left:?}"
            );
        }
        for node in &cluster.nodes {
            online_becomes(node, &room("general"), &["user-0", "user-1"]).await;
            assert!(!node.log().contains("a node is gone"), "{}", node.log());
        }
    }
}

#[tokio::test]
async fn a_redis_that_refuses_to_write_makes_nobody_leave() {
    let cluster = Cluster::start_with(2, &BRISK).await;
    let people = one_each(&cluster).await;
    let nowhere = free_port().to_string();
    let refusals = [
        (
            vec!["CONFIG", "SET", "min-replicas-to-write", "1"],
            vec!["CONFIG", "SET", "min-replicas-to-write", "0"],
        ),
        (
            vec!["REPLICAOF", "127.0.0.1", &nowhere],
            vec!["REPLICAOF", "NO", "ONE"],
        ),
    ];
    for (refuse, allow) in &refusals {
        cluster.redis().command(refuse).unwrap();
        sleep(OUTAGE).await;
        cluster.redis().command(allow).unwrap();
        assert_nobody_left(&cluster, &people).await;
    }
}

#[tokio::test]
async fn a_redis_that_forgot_the_last_changes_hears_them_again() {
    let redis = RedisServer::start().unwrap();
    let mut cluster = Cluster::over(redis, 2, &BRISK).await;
    let general = room("general");
    let mut leaves = Raw::hello(&cluster.nodes[0], "leaves").await;
    leaves.join(&general, None).await;
    let _stays = Watcher::join(&cluster.nodes[0], "stays", &general).await;
    online_becomes(&cluster.nodes[0], &room("general"), &["leaves", "stays"]).await;
    cluster.redis().command(&["SAVE"]).unwrap();
    let left = leaves
        .ask(json!({"type": "leave", "room": "general"}))
        .await;
    assert_eq!(left["type"], "ok");
    let _came = Watcher::join(&cluster.nodes[0], "came", &general).await;
    online_becomes(&cluster.nodes[1], &room("general"), &["came", "stays"]).await;

    cluster.kill_redis();
    cluster.restart_redis().await;
    cluster.nodes[1].readiness_becomes(Some(200)).await;
    online_becomes(&cluster.nodes[1], &room("general"), &["came", "stays"]).await;
    sleep(OUTAGE).await;
    assert_eq!(
        online(&cluster.nodes[1], &room("general")).await,
        ["came", "stays"].map(str::to_owned).into()
    );
}

#[tokio::test]
async fn a_clock_that_is_stepped_mutes_nobody_and_kills_nobody() {
    const HOUR_MS: i64 = 3_600_000;
    let redis = RedisServer::start_with_clock().unwrap();
    let cluster = Cluster::over(redis, 2, &BRISK).await;
    let mut people = one_each(&cluster).await;

    cluster.redis().step_clock(-HOUR_MS).unwrap();
    let mut guest = Raw::hello(&cluster.nodes[1], "guest").await;
    guest.join(&room("general"), None).await;
    people[0]
        .until("guest online", |seen| seen.of_user("guest") == ["online"])
        .await;
    let left = guest.ask(json!({"type": "leave", "room": "general"})).await;
    assert_eq!(left["type"], "ok");
    people[0]
        .until("guest offline", |seen| {
            seen.of_user("guest") == ["online", "offline"]
        })
        .await;
    online_becomes(&cluster.nodes[0], &room("general"), &["user-0", "user-1"]).await;

    cluster.redis().step_clock(3 * HOUR_MS).unwrap();
    sleep(OUTAGE).await;
    cluster.redis().step_clock(-2 * HOUR_MS).unwrap();
    sleep(OUTAGE).await;
    for watcher in &people {
        let seen = watcher.seen();
        assert!(
            !seen.left().iter().any(|user| user.starts_with("user")),
            "{seen:?}"
        );
    }
    for node in &cluster.nodes {
        online_becomes(node, &room("general"), &["user-0", "user-1"]).await;
        assert!(!node.log().contains("a node is gone"), "{}", node.log());
    }
}

#[tokio::test]
async fn a_link_that_stalled_takes_nobody_away_for_good() {
    let mut cluster = Cluster::start_with(1, &BRISK).await;
    let proxy = Proxy::to_port(cluster.redis().port()).unwrap();
    cluster.add_node_behind(&proxy).await;
    let mut people = one_each(&cluster).await;
    for round in 1..=2 {
        proxy.hold();
        people[0]
            .until("the cut off one offline", |seen| {
                seen.of_user("user-1").len() == 2 * round
            })
            .await;
        // Longer than any answer is waited for.
        sleep(OUTAGE).await;
        proxy.release();
        people[0]
            .until("online again", |seen| {
                seen.of_user("user-1").len() == 2 * round + 1
            })
            .await;
    }
    sleep(OUTAGE).await;
    assert_eq!(people[0].seen().of_user("user-1").last(), Some(&"online"));
    online_becomes(&cluster.nodes[0], &room("general"), &["user-0", "user-1"]).await;
    let seen = people[1].seen();
    assert!(
        !seen.left().contains(&"user-0"),
        "it was never away: {seen:?}"
    );
    assert_eq!(people[1].seen().closed, None);
}
