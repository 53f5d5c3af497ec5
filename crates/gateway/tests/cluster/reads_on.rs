//! Reading pauses while a client does not take what it asked for, and goes on
//! when it did, also where the kernel took everything in one write.

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use crate::support::{Cluster, Node, Raw, client, room, token};

/// A room with so many messages of so many characters.
async fn filled(node: &Node, name: &str, messages: usize, characters: usize) {
    let author = client([node], "author");
    author.join(&room(name)).await.unwrap();
    let sends = (0..messages).map(|_| {
        let (author, name) = (author.clone(), room(name));
        tokio::spawn(async move { author.send(&name, "x".repeat(characters)).await })
    });
    for send in sends.collect::<Vec<_>>() {
        send.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn pipelined_pages_are_all_answered_and_more_is_read_afterwards() {
    for outbox_bytes in ["1048576", "65536"] {
        let settings = [("limits.outbox_bytes", outbox_bytes)];
        let cluster = Cluster::start_with(1, &settings).await;
        let node = &cluster.nodes[0];
        filled(node, "general", 200, 700).await;
        let mut raw = Raw::hello(node, "alex").await;
        for _ in 0..20 {
            let mut asked = vec![];
            for _ in 0..12 {
                let page =
                    json!({"type": "history", "room": "general", "before": 1000, "limit": 200});
                asked.push(raw.say(page).await);
            }
            for id in asked {
                let page = raw.answer(id).await;
                assert_eq!(page["messages"].as_array().unwrap().len(), 200);
            }
            assert_eq!(raw.ask(json!({"type": "ping"})).await["type"], "pong");
        }
    }
}

#[tokio::test]
async fn who_is_welcomed_with_more_than_an_outbox_holds_is_heard_afterwards() {
    let settings = [
        ("limits.outbox_bytes", "65536"),
        ("limits.rooms_per_connection", "0"),
        ("limits.rooms_per_user", "0"),
        ("limits.rooms_made_per_hour", "0"),
    ];
    let cluster = Cluster::start_with(1, &settings).await;
    let mut raw = Raw::hello(&cluster.nodes[0], "alex").await;
    let mut asked = vec![];
    // As many as a welcome has, with names of 256 bytes.
    for number in 0..200 {
        let id = format!("a-room-with-a-rather-long-name-{number}");
        let name = "\u{1f980}".repeat(64);
        let make = json!({"type": "create_room", "kind": "public", "room": id, "name": name});
        asked.push(raw.say(make).await);
    }
    for id in asked {
        assert_eq!(raw.answer(id).await["type"], "ok");
    }
    for _ in 0..5 {
        let mut again = Raw::open(&cluster.nodes[0]).await;
        let welcome = again.connection.hello(&token("alex"), "test").await;
        let welcome = welcome.unwrap();
        assert!(serde_json::to_vec(&welcome.rooms).unwrap().len() > 65_536);
        assert_eq!(again.ask(json!({"type": "ping"})).await["type"], "pong");
    }
}

/// What a client says waits in the kernel while it does not take its answers:
/// that is a sign of life as well.
#[tokio::test]
async fn who_takes_long_for_its_answers_but_speaks_is_not_taken_for_dead() {
    let settings = [("heartbeat_ms", "300"), ("limits.outbox_bytes", "65536")];
    let node = Node::start(&settings).await;
    filled(&node, "general", 200, 3900).await;
    let mut raw = Raw::hello(&node, "alex").await;
    let mut asked = vec![];
    for _ in 0..20 {
        let page = json!({"type": "history", "room": "general", "before": 1000, "limit": 200});
        asked.push(raw.say(page).await);
    }
    sleep(Duration::from_secs(3)).await;
    for id in asked {
        let page = raw.answer(id).await;
        assert_eq!(page["messages"].as_array().unwrap().len(), 200);
    }
    assert_eq!(raw.ask(json!({"type": "ping"})).await["type"], "pong");
}
