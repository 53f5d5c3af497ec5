//! Operators list rooms, take one away, and follow what happens, beside a running cluster.

use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::support::{Cluster, Raw, SECRET, room};

/// What a command says.
async fn rookery(redis: &str, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rookery"));
    command
        .args(words)
        .env("ROOKERY__STORE", "redis")
        .env("ROOKERY__REDIS__URL", redis)
        .env("ROOKERY__AUTH__JWT_SECRET", SECRET);
    let asking = tokio::task::spawn_blocking(move || command.output());
    asking.await.unwrap().unwrap()
}

/// The lines of JSON that a command gives.
async fn lines(redis: &str, words: &[&str]) -> Vec<Value> {
    let said = rookery(redis, words).await;
    let errors = String::from_utf8_lossy(&said.stderr);
    assert!(said.status.success(), "{words:?}: {errors}");
    let said = String::from_utf8(said.stdout).unwrap();
    said.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

async fn send(raw: &mut Raw, room: &str, text: &str) {
    let send = json!({"type": "send", "room": room, "text": text});
    assert_eq!(raw.ask(send).await["type"], "ok");
}

fn texts(lines: &[Value]) -> Vec<&str> {
    lines
        .iter()
        .map(|line| line["text"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn rooms_are_listed_shown_and_taken_away() {
    let cluster = Cluster::start(2).await;
    let redis = cluster.redis().url();
    let mut alex = Raw::hello(&cluster.nodes[0], "alex").await;
    for (name, count) in [("small", 1), ("large", 5)] {
        alex.join(&room(name), None).await;
        for number in 0..count {
            send(&mut alex, name, &number.to_string()).await;
        }
    }
    let rows = lines(&redis, &["rooms", "list", "--sort", "messages", "--json"]).await;
    let shown: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row["room"].as_str().unwrap(),
                row["messages"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(shown, [("large", 5), ("small", 1)]);
    assert_eq!(rows[0]["online"], 1);
    assert!(rows[0]["bytes"].as_u64().unwrap() > 500);

    let refused = rookery(&redis, &["rooms", "remove", "large"]).await;
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--yes"));
    assert!(
        rookery(&redis, &["rooms", "remove", "large", "--yes"])
            .await
            .status
            .success()
    );
    let gone = rookery(&redis, &["rooms", "show", "nowhere"]).await;
    assert!(String::from_utf8_lossy(&gone.stderr).contains("there is no room nowhere"));
    let left = lines(&redis, &["rooms", "list", "--json"]).await;
    assert!(
        left.iter()
            .all(|row| row["room"] != "large" || row["messages"] == 0),
        "{left:?}"
    );
}

#[tokio::test]
async fn whoever_follows_goes_on_where_they_were() {
    let cluster = Cluster::start(2).await;
    let redis = cluster.redis().url();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("place");
    let file = file.to_str().unwrap();
    let mut alex = Raw::hello(&cluster.nodes[0], "alex").await;
    let mut bea = Raw::hello(&cluster.nodes[1], "bea").await;
    alex.join(&room("a"), None).await;
    bea.join(&room("b"), None).await;
    send(&mut alex, "a", "before").await;
    let follow = ["tail", "--once", "--cursor", file];
    assert_eq!(lines(&redis, &follow).await.len(), 0, "it begins now");
    send(&mut alex, "a", "one").await;
    send(&mut bea, "b", "two").await;
    let mut told = lines(&redis, &follow).await;
    told.sort_by_key(|line| line["ts"].as_u64());
    assert_eq!(texts(&told), ["one", "two"]);
    assert_eq!(lines(&redis, &follow).await.len(), 0);
    send(&mut bea, "b", "three").await;
    assert_eq!(texts(&lines(&redis, &follow).await), ["three"]);
    let of_one = lines(&redis, &["tail", "--once", "--since", "1h", "--room", "a"]).await;
    assert_eq!(texts(&of_one), ["before", "one"]);
}
