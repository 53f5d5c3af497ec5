//! Every limit has an answer, and none of them harms those who keep to it.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use rookery_client::{ConnectionError, HelloError, RawConnection};
use rookery_protocol::ErrorCode;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::support::{Cluster, Node, Raw, SOON, client, get, room, token};

fn send(text: impl Into<Value>) -> Value {
    json!({"type": "send", "room": "general", "text": text.into()})
}

#[tokio::test]
async fn too_fast_is_refused_with_a_time_and_then_served_again() {
    let settings = [("limits.send_rate", "5"), ("limits.send_burst", "10")];
    let node = Node::start(&settings).await;
    let mut raw = Raw::hello(&node, "alex").await;
    raw.join(&room("general"), None).await;
    let mut ids = vec![];
    for _ in 0..14 {
        ids.push(raw.say(send("quick")).await);
    }
    let mut waits = vec![];
    for id in ids {
        let answer = raw.answer(id).await;
        if answer["type"] == "error" {
            assert_eq!(answer["code"], "rate_limited");
            waits.push(answer["retry_after_ms"].as_u64().expect("a time"));
        }
    }
    assert!((1..=6).contains(&waits.len()), "{} refused", waits.len());
    sleep(Duration::from_millis(*waits.last().unwrap())).await;
    assert_eq!(raw.ask(send("patient")).await["type"], "ok");
}

#[tokio::test]
async fn who_goes_on_regardless_is_closed_with_4008() {
    let settings = [("limits.send_rate", "5"), ("limits.send_burst", "10")];
    let node = Node::start(&settings).await;
    let mut raw = Raw::hello(&node, "alex").await;
    raw.join(&room("general"), None).await;
    for _ in 0..200 {
        let frame = send("flood").to_string();
        if raw.connection.send(frame).await.is_err() {
            break; // closed already
        }
    }
    assert_eq!(raw.closes(SOON).await, 4008);
}

#[tokio::test]
async fn the_client_keeps_to_the_rate_and_gets_everything_through() {
    let settings = [("limits.send_rate", "40"), ("limits.send_burst", "20")];
    let node = Node::start(&settings).await;
    let general = room("general");
    let client = client([&node], "alex");
    client.join(&general).await.unwrap();
    let began = Instant::now();
    let sends = (0..100).map(|number| {
        let (client, general) = (client.clone(), general.clone());
        tokio::spawn(async move { client.send(&general, format!("{number}")).await })
    });
    let sends: Vec<_> = sends.collect();
    let mut seqs = vec![];
    for send in sends {
        seqs.push(send.await.unwrap().unwrap().seq);
    }
    seqs.sort_unstable();
    assert!(seqs.into_iter().eq(1..=100), "each stored once");
    assert!(
        began.elapsed() > Duration::from_secs(1),
        "the rate was kept"
    );
}

#[tokio::test]
async fn a_user_has_so_many_connections_and_no_more() {
    let node = Node::start(&[("limits.connections_per_user", "3")]).await;
    let mut open = vec![];
    for _ in 0..3 {
        open.push(Raw::hello(&node, "alex").await);
    }
    let mut fourth = RawConnection::connect(&node.ws(), SOON).await.unwrap();
    let refused = fourth.hello(&token("alex"), "test").await;
    assert!(
        matches!(refused, Err(HelloError::Closed { code: 4505, .. })),
        "{refused:?}"
    );
    Raw::hello(&node, "bea").await;

    open.pop();
    let deadline = Instant::now() + SOON;
    loop {
        let mut again = RawConnection::connect(&node.ws(), SOON).await.unwrap();
        match again.hello(&token("alex"), "test").await {
            Ok(_) => break,
            Err(error) => assert!(Instant::now() < deadline, "no place became free: {error}"),
        }
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_full_node_takes_nobody_in_until_somebody_leaves() {
    let node = Node::start(&[("limits.connections", "3")]).await;
    let mut open = vec![];
    for number in 0..3 {
        open.push(Raw::hello(&node, &format!("user-{number}")).await);
    }
    let mut told = BTreeSet::new();
    for _ in 0..20 {
        let refused = RawConnection::connect(&node.ws(), SOON).await;
        let Err(ConnectionError::Upgrade {
            status: 503,
            retry_after_ms: Some(ms),
            ..
        }) = refused
        else {
            panic!("not refused, or not told for how long: {refused:?}");
        };
        assert!((250..=1_010).contains(&ms), "{ms}");
        told.insert(ms);
    }
    assert!(told.len() > 10, "all at once: {told:?}");
    // Others come back to a full node, and come in when there is room.
    let late = client([&node], "late");
    let asking = tokio::spawn(async move { late.ping().await });
    sleep(Duration::from_millis(200)).await;
    assert!(!asking.is_finished());
    open.pop();
    asking.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_connection_opens_so_many_rooms_and_no_more() {
    let node = Node::start(&[("limits.rooms_per_connection", "3")]).await;
    let mut raw = Raw::hello(&node, "alex").await;
    for number in 0..3 {
        raw.join(&room(&format!("room-{number}")), None).await;
    }
    let fourth = raw.ask(json!({"type": "join", "room": "room-3"})).await;
    assert_eq!(fourth["type"], "error", "{fourth}");
    assert!(
        fourth["message"]
            .as_str()
            .unwrap()
            .contains("rooms_per_connection"),
        "{fourth}"
    );
    assert_eq!(
        raw.ask(json!({"type": "leave", "room": "room-0"})).await["type"],
        "ok"
    );
    raw.join(&room("room-3"), None).await;
}

#[tokio::test]
async fn texts_are_refused_in_words_and_normalised() {
    let node = Node::start(&[]).await;
    let mut raw = Raw::hello(&node, "alex").await;
    raw.join(&room("general"), None).await;
    for (text, code) in [
        (json!(""), "bad_request"),
        (json!(" \n\t\u{a0}"), "bad_request"),
        (json!("\u{200d}\u{3164}\u{e0041}"), "bad_request"),
        (json!("a\u{0}b"), "bad_request"),
        (json!("a\u{7f}b"), "bad_request"),
        (json!("x".repeat(4001)), "too_large"),
        (json!(7), "bad_request"),
        (Value::Null, "bad_request"),
    ] {
        let refused = raw.ask(send(text.clone())).await;
        assert_eq!(
            (&refused["type"], &refused["code"]),
            (&json!("error"), &json!(code)),
            "{text}"
        );
        assert!(!refused["message"].as_str().unwrap().is_empty());
    }
    let text = "e\u{301} <b>&amp;\r\n\tok\u{202e}";
    assert_eq!(
        raw.ask(send(text)).await["seq"],
        1,
        "nothing of the above was stored"
    );
    assert_eq!(raw.message().await["text"], "\u{e9} <b>&amp;\n\tok");
}

#[tokio::test]
async fn the_client_does_not_send_what_is_too_large_for_the_node() {
    let node = Node::start(&[]).await;
    let general = room("general");
    let client = client([&node], "alex");
    client.join(&general).await.unwrap();
    for bytes in [70_000, 2 << 20] {
        let refused = client.send(&general, "x".repeat(bytes)).await.unwrap_err();
        assert_eq!(refused.code(), Some(ErrorCode::TooLarge), "{refused}");
    }
    assert_eq!(client.send(&general, "short").await.unwrap().seq, 1);
    assert_eq!(node.metric("rookery_connections").await, 1.0);
    let log = node.log();
    assert!(!log.contains("connection ended"), "{log}");
}

#[tokio::test]
async fn rooms_keep_so_many_events_and_no_more() {
    let cluster = Cluster::start_with(1, &[("rooms.max_messages", "50")]).await;
    let general = room("general");
    let mut raw = Raw::hello(&cluster.nodes[0], "alex").await;
    let epoch = raw.join(&general, None).await["epoch"].clone();
    for number in 1..=200 {
        assert_eq!(raw.ask(send("more")).await["seq"], number);
    }
    let history = json!({"type": "history", "room": "general", "after": 0, "limit": 200});
    let kept = raw.ask(history).await["messages"].as_array().unwrap().len();
    assert!(kept <= 50, "{kept} kept");
    assert!(kept >= 40, "{kept} kept");
    let mut again = Raw::hello(&cluster.nodes[0], "alex").await;
    let cursor = json!({"epoch": epoch, "seq": 100});
    assert_eq!(again.join(&general, Some(cursor)).await["recovered"], false);
}

#[tokio::test]
async fn a_node_whose_files_run_out_says_so_and_goes_on_answering() {
    // The node inherits it; 272 of these are for sockets.
    rlimit::setrlimit(rlimit::Resource::NOFILE, 400, 400).unwrap();
    let node = Node::start(&[]).await;
    let mut raws = vec![];
    let refused = loop {
        match RawConnection::connect(&node.ws(), SOON).await {
            Ok(connection) => raws.push(Raw::over(connection)),
            Err(error) => break error,
        }
        assert!(raws.len() < 300, "nobody was refused");
    };
    assert!(
        matches!(refused, ConnectionError::Upgrade { status: 503, .. }),
        "{refused:?}"
    );
    assert_eq!(raws.len(), 272);
    for path in ["/healthz", "/readyz"] {
        assert_eq!(get(node.address(), path).await.unwrap().0, 200, "{path}");
    }
    let (status, said) = get(node.address(), "/admitz").await.unwrap();
    assert!(status == 503 && said.contains("open files"), "{said}");
}
