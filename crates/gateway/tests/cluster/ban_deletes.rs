//! A ban that takes along what was written lately.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use crate::support::{Cluster, Raw, room, soon, token};

/// More than are looked at in one step.
const NEW: usize = 130;

async fn send(raw: &mut Raw, text: &str) -> u64 {
    let frame = json!({"type": "send", "room": "r", "text": text});
    raw.done(frame).await["seq"].as_u64().unwrap()
}

/// The messages that are left, as somebody finds them who comes later.
async fn left(raw: &mut Raw) -> Vec<Value> {
    let mut all = Vec::new();
    let mut frame = json!({"type": "history", "room": "r", "after": 0, "limit": 200});
    loop {
        let page = raw.done(frame.clone()).await;
        let messages = page["messages"].as_array().unwrap();
        all.extend(messages.iter().cloned());
        match messages.last() {
            Some(last) if page["more"] == true => frame["after"] = last["seq"].clone(),
            _ => return all,
        }
    }
}

async fn fast(nodes: usize) -> Cluster {
    let rate = [
        ("limits.user_rate", "100000"),
        ("limits.user_burst", "100000"),
        ("limits.send_rate", "100000"),
        ("limits.send_burst", "100000"),
    ];
    Cluster::start_with(nodes, &rate).await
}

#[tokio::test]
async fn what_was_written_in_the_span_goes_whoever_hangs_up() {
    let cluster = fast(2).await;
    let mut owner = Raw::hello(&cluster.nodes[0], "owner").await;
    owner
        .done(json!({"type": "create_room", "kind": "public", "room": "r"}))
        .await;
    let mut spammer = Raw::hello(&cluster.nodes[0], "spammer").await;
    spammer.join(&room("r"), None).await;
    let mut watcher = Raw::hello(&cluster.nodes[1], "watcher").await;
    watcher.join(&room("r"), None).await;
    for number in 0..3 {
        send(&mut spammer, &format!("old {number}")).await;
    }
    tokio::time::sleep(Duration::from_secs(4)).await;
    let begun = Instant::now();
    let mut new = Vec::new();
    for number in 0..NEW {
        new.push(send(&mut spammer, &format!("new {number}")).await);
        if number % 10 == 0 {
            send(&mut watcher, "fine").await;
        }
    }
    let span = begun.elapsed() + Duration::from_secs(2);

    // Whoever asks is gone before anything is answered.
    let body = json!({"delete_since": span.as_millis() as u64}).to_string();
    let head = format!(
        "PUT /api/v1/rooms/r/bans/spammer HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        token("owner"),
        body.len(),
    );
    let address = cluster.nodes[0].address();
    let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
    socket.write_all(head.as_bytes()).await.unwrap();
    socket.flush().await.unwrap();
    drop(socket);

    let mut deleted = Vec::new();
    let mut banned = None;
    soon("everything is deleted", async {
        while deleted.len() < NEW {
            let event = watcher.next().await;
            if event["type"] == "member" && event["change"] == "banned" {
                banned = event["seq"].as_u64();
            }
            if event["type"] == "deleted" {
                assert_eq!(event["by"]["id"], "owner");
                assert!(banned.is_some(), "behind the ban");
                deleted.push(event["target"].as_u64().unwrap());
            }
        }
    })
    .await;
    deleted.sort_unstable();
    assert_eq!(deleted, new);
    let messages = left(&mut watcher).await;
    let of = |user: &str| {
        let theirs = messages
            .iter()
            .filter(|message| message["from"]["id"] == user);
        theirs.count()
    };
    assert_eq!((of("spammer"), of("watcher")), (3, NEW.div_ceil(10)));
}

#[tokio::test]
async fn it_goes_on_where_the_store_was_away() {
    let mut cluster = fast(1).await;
    let mut owner = Raw::hello(&cluster.nodes[0], "owner").await;
    owner
        .done(json!({"type": "create_room", "kind": "private", "room": "r"}))
        .await;
    let code = json!({"type": "create_invite", "room": "r"});
    let code = owner.done(code).await["code"].clone();
    let mut spammer = Raw::hello(&cluster.nodes[0], "spammer").await;
    spammer
        .done(json!({"type": "accept_invite", "code": code}))
        .await;
    for number in 0..400 {
        send(&mut spammer, &format!("new {number}")).await;
    }
    let ban = json!({"type": "ban", "room": "r", "user": "spammer", "delete_since": 600_000});
    owner.done(ban).await;
    cluster.kill_redis();
    tokio::time::sleep(Duration::from_secs(1)).await;
    cluster.restart_redis().await;
    soon("everything is deleted", async {
        loop {
            let frame = json!({"type": "history", "room": "r", "after": 0, "limit": 200});
            let page = owner.ask(frame).await;
            if page["messages"].as_array().is_some_and(Vec::is_empty) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_and_so_is_too_much() {
    let cluster = Cluster::start_with(1, &[("limits.purges", "1")]).await;
    let mut owner = Raw::hello(&cluster.nodes[0], "owner").await;
    owner
        .done(json!({"type": "create_room", "kind": "public", "room": "r"}))
        .await;
    let ban = json!({"type": "ban", "room": "r", "user": "x", "delete_since": 0});
    assert_eq!(owner.ask(ban).await["code"], "bad_request");
    // Many at once: some are refused whole, with a time to come again; all come to pass.
    let ban = |number: usize| json!({"type": "ban", "room": "r", "user": format!("u_{number}"), "delete_since": 1000});
    let mut asked = Vec::new();
    for number in 0..20 {
        asked.push(owner.say(ban(number)).await);
    }
    let mut refused = Vec::new();
    for (number, id) in asked.into_iter().enumerate() {
        let answer = owner.answer(id).await;
        if answer["type"] == "error" {
            assert_eq!(answer["code"], "unavailable", "{answer}");
            assert!(answer["retry_after_ms"].as_u64() > Some(0), "{answer}");
            refused.push(number);
        }
    }
    let bans = owner.done(json!({"type": "bans", "room": "r"})).await;
    let count = bans["bans"].as_array().unwrap().len();
    assert_eq!(count, 20 - refused.len());
    assert!(count > 0);
    for number in refused {
        soon("it is done later", async {
            while owner.ask(ban(number)).await["type"] != "ok" {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
    }
}
