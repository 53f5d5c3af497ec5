//! An operator ends a user's sessions, on whatever nodes they are.

use std::{
    process::{Command, Output},
    time::Duration,
};

use crate::support::{Cluster, Raw, SECRET, room};

/// What `rookery disconnect` says.
async fn disconnect(redis: &str, user: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rookery"));
    command
        .args(["disconnect", "--user", user])
        .env("ROOKERY__STORE", "redis")
        .env("ROOKERY__REDIS__URL", redis)
        .env("ROOKERY__AUTH__JWT_SECRET", SECRET);
    let asking = tokio::task::spawn_blocking(move || command.output());
    asking.await.unwrap().unwrap()
}

#[tokio::test]
async fn all_connections_of_the_user_are_closed_within_a_second_and_no_others() {
    let cluster = Cluster::start(2).await;
    let general = room("general");
    let mut meant = Vec::new();
    for node in &cluster.nodes {
        for _ in 0..2 {
            let mut raw = Raw::hello(node, "anna").await;
            raw.join(&general, None).await;
            meant.push(raw);
        }
    }
    let mut other = Raw::hello(&cluster.nodes[1], "ben").await;
    other.join(&general, None).await;

    let said = disconnect(&cluster.redis().url(), "anna").await;
    let words = String::from_utf8(said.stdout).unwrap();
    assert_eq!(words, "told 2 nodes to close the connections of anna\n");
    assert!(said.status.success());
    for raw in &mut meant {
        assert_eq!(raw.closes(Duration::from_secs(1)).await, 4503);
    }
    let ok = other.ask(serde_json::json!({"type": "ping"})).await;
    assert_eq!(ok["type"], "pong", "nobody else is closed");
    // They may come back: their tokens are still good.
    Raw::hello(&cluster.nodes[0], "anna").await;
}

#[tokio::test]
async fn it_is_said_where_nobody_hears_of_it() {
    let cluster = Cluster::start(0).await;
    let said = disconnect(&cluster.redis().url(), "anna").await;
    let words = String::from_utf8(said.stdout).unwrap();
    assert_eq!(words, "no node listens: nobody was disconnected\n");
    assert_eq!(said.status.code(), Some(1));
    let said = disconnect("redis://127.0.0.1:1", "anna").await;
    let words = String::from_utf8(said.stderr).unwrap();
    assert!(words.contains("the nodes could not be told"), "{words}");
    let said = disconnect(&cluster.redis().url(), "").await;
    let words = String::from_utf8(said.stderr).unwrap();
    assert!(words.contains("--user is no id of a user"), "{words}");
}
