//! What people call themselves: the latest name counts, everywhere.

use serde_json::json;

use crate::support::{Cluster, Node, Raw, SECRET, claims, room, sign};

/// Connects by another name than the tokens of tests have.
async fn hello_as(node: &Node, user: &str, name: &str) -> Raw {
    let mut claims = claims(user, 3600);
    claims["name"] = name.into();
    let mut raw = Raw::open(node).await;
    let hello = json!({"type": "hello", "token": sign("HS256", SECRET, &claims)});
    assert_eq!(raw.ask(hello).await["user"]["name"], name);
    raw
}

/// The names that one is told for a user who is there.
async fn next_name(raw: &mut Raw, user: &str) -> String {
    loop {
        let frame = raw.next().await;
        if frame["type"] == "presence" && frame["user"]["id"] == user {
            assert_eq!(frame["status"], "online", "{frame}");
            return frame["user"]["name"].as_str().unwrap().to_owned();
        }
    }
}

async fn shown_names(node: &Node, watcher: &str) -> Vec<String> {
    let mut raw = Raw::hello(node, watcher).await;
    let snapshot = raw.join(&room("general"), None).await;
    let online = snapshot["online"].as_array().unwrap().iter();
    let mut names: Vec<_> = online
        .map(|user| user["name"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn another_name_is_told_and_shown_on_every_node() {
    let cluster = Cluster::start_with(2, &[("presence.grace_ms", "60000")]).await;
    let [one, other] = &cluster.nodes[..] else {
        unreachable!()
    };
    let general = room("general");
    let mut watchers = [Raw::hello(one, "w").await, Raw::hello(other, "w").await];
    for watcher in &mut watchers {
        watcher.join(&general, None).await;
    }
    let mut tabs = vec![];
    // A first device, a second one on the same node, a third on the other.
    for (node, name) in [(one, "Alex"), (one, "Alexandra"), (other, "Sasha")] {
        let mut tab = hello_as(node, "alex", name).await;
        tab.join(&general, None).await;
        tabs.push(tab);
        for watcher in &mut watchers {
            assert_eq!(next_name(watcher, "alex").await, name);
        }
        for node in [one, other] {
            assert!(shown_names(node, "w").await.contains(&name.to_owned()));
        }
    }
    // Whoever was lost and is back within the grace time.
    drop(tabs);
    let mut back = hello_as(one, "alex", "Al").await;
    back.join(&general, None).await;
    for watcher in &mut watchers {
        assert_eq!(next_name(watcher, "alex").await, "Al");
    }
    for node in [one, other] {
        assert_eq!(shown_names(node, "w").await.len(), 2, "Al and the watcher");
        assert!(shown_names(node, "w").await.contains(&"Al".to_owned()));
    }
}
