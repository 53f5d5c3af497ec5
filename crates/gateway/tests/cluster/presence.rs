//! Who is here: a user, not a connection; on any node; and no ghosts. All of it
//! over a Redis that is some way off.

use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::time::sleep;

use crate::support::{Cluster, Raw, Watched, Watcher, room};

/// Short times, so that tests need not wait long.
const BRISK: [(&str, &str); 2] = [("presence.grace_ms", "600"), ("presence.lease_ms", "1500")];
/// Longer than the grace and the work after it.
const PAST_GRACE: Duration = Duration::from_millis(2500);

fn ids(online: &Value) -> Vec<String> {
    let online = online.as_array().expect("a list");
    let mut ids: Vec<_> = online
        .iter()
        .map(|user| user["id"].as_str().unwrap().to_owned())
        .collect();
    ids.sort();
    ids
}

fn is_online(user: &str) -> impl Fn(&Watched) -> bool {
    move |seen| {
        seen.presence
            .iter()
            .any(|(id, status, _)| id == user && status == "online")
    }
}

fn is_offline(user: &str) -> impl Fn(&Watched) -> bool {
    move |seen| {
        seen.presence
            .iter()
            .any(|(id, status, _)| id == user && status == "offline")
    }
}

/// What a watcher heard of one user.
fn heard_of(watcher: &Watcher, user: &str) -> Vec<String> {
    let presence = watcher.seen().presence;
    let of_user = presence.into_iter().filter(|(id, _, _)| id == user);
    of_user.map(|(_, status, _)| status).collect()
}

#[tokio::test]
async fn two_tabs_on_two_nodes_are_one_user() {
    let cluster = Cluster::start_far_away(2, &BRISK).await;
    let general = room("general");
    let mut watcher = Watcher::join(&cluster.nodes[0], "watcher", &general).await;
    let mut first = Raw::hello(&cluster.nodes[0], "alex").await;
    first.join(&general, None).await;
    let mut second = Raw::hello(&cluster.nodes[1], "alex").await;
    let snapshot = second.join(&general, None).await;
    assert_eq!(ids(&snapshot["online"]), ["alex", "watcher"]);
    assert_eq!(snapshot["online_count"], 2);
    watcher.until("alex online", is_online("alex")).await;

    drop(first);
    sleep(PAST_GRACE).await;
    assert_eq!(
        heard_of(&watcher, "alex"),
        ["online"],
        "one tab is still open"
    );
    drop(second);
    watcher.until("alex offline", is_offline("alex")).await;
    assert_eq!(heard_of(&watcher, "alex"), ["online", "offline"]);
    assert_eq!(watcher.seen().presence.last().unwrap().2, 1);
}

#[tokio::test]
async fn a_reconnect_elsewhere_within_the_grace_is_not_seen() {
    let cluster = Cluster::start_far_away(2, &[("presence.grace_ms", "4000")]).await;
    let general = room("general");
    let mut watcher = Watcher::join(&cluster.nodes[0], "watcher", &general).await;
    let mut first = Raw::hello(&cluster.nodes[0], "alex").await;
    first.join(&general, None).await;
    watcher.until("alex online", is_online("alex")).await;
    drop(first);
    sleep(Duration::from_millis(300)).await;
    let mut second = Raw::hello(&cluster.nodes[1], "alex").await;
    second.join(&general, None).await;
    sleep(Duration::from_millis(5500)).await;
    assert_eq!(heard_of(&watcher, "alex"), ["online"]);
}

#[tokio::test]
async fn leaving_is_seen_without_waiting_for_the_connection_to_end() {
    let cluster = Cluster::start_far_away(2, &BRISK).await;
    let general = room("general");
    let mut watcher = Watcher::join(&cluster.nodes[0], "watcher", &general).await;
    let mut alex = Raw::hello(&cluster.nodes[1], "alex").await;
    alex.join(&general, None).await;
    watcher.until("alex online", is_online("alex")).await;
    let left = alex
        .ask(serde_json::json!({"type": "leave", "room": "general"}))
        .await;
    assert_eq!(left["type"], "ok");
    watcher.until("alex offline", is_offline("alex")).await;
    assert_eq!(heard_of(&watcher, "alex"), ["online", "offline"]);
}

/// With the settings as they are shipped.
#[tokio::test]
async fn a_killed_node_leaves_no_ghosts() {
    let mut cluster = Cluster::start_far_away(3, &[]).await;
    let general = room("general");
    let mut watchers = vec![];
    for node in &cluster.nodes[1..] {
        watchers.push(Watcher::join(node, "watcher", &general).await);
    }
    let mut doomed = vec![];
    for number in 0..10 {
        let watcher = Watcher::join(&cluster.nodes[0], &format!("doomed-{number}"), &general).await;
        doomed.push(watcher);
    }
    for watcher in &mut watchers {
        watcher
            .until("all online", |seen| {
                seen.presence.last().is_some_and(|last| last.2 == 11)
            })
            .await;
    }
    cluster.nodes[0].kill();
    let killed = Instant::now();
    for watcher in &mut watchers {
        watcher
            .until("all offline", |seen| {
                seen.presence.last().is_some_and(|last| last.2 == 1)
            })
            .await;
    }
    assert!(
        killed.elapsed() < Duration::from_secs(15),
        "{:?}",
        killed.elapsed()
    );
    // Whatever a second survivor did would be seen by now.
    sleep(Duration::from_secs(1)).await;
    for watcher in &watchers {
        for number in 0..10 {
            let heard = heard_of(watcher, &format!("doomed-{number}"));
            assert_eq!(heard, ["online", "offline"], "doomed-{number}");
        }
    }
    let snapshot = Raw::hello(&cluster.nodes[1], "late")
        .await
        .join(&general, None)
        .await;
    assert_eq!(ids(&snapshot["online"]), ["watcher"]);
}
