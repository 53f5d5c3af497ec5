//! The same nonce again is the same message, wherever it is sent.

use serde_json::json;

use crate::support::{Cluster, Raw, Watcher, request, room, token};

#[tokio::test]
async fn a_nonce_sent_through_two_nodes_at_once_is_stored_once() {
    let cluster = Cluster::start(2).await;
    let mut watcher = Watcher::join(&cluster.nodes[0], "watcher", &room("general")).await;
    let mut here = Raw::hello(&cluster.nodes[0], "alex").await;
    let mut there = Raw::hello(&cluster.nodes[1], "alex").await;
    for round in 1..=30 {
        let send =
            json!({"type": "send", "room": "general", "text": "hi", "nonce": format!("n-{round}")});
        let (one, two) = tokio::join!(here.ask(send.clone()), there.ask(send));
        assert_eq!(
            (&one["type"], &two["type"]),
            (&json!("ok"), &json!("ok")),
            "{one} {two}"
        );
        assert_eq!((&one["seq"], &one["ts"]), (&two["seq"], &two["ts"]));
        assert_eq!(one["seq"], round, "nothing is stored twice");
        assert_ne!(
            one["duplicate"], two["duplicate"],
            "one of them is the first"
        );
    }
    watcher.reaches(30).await;
    let nonces: Vec<_> = (1..=30).map(|round| Some(format!("n-{round}"))).collect();
    assert_eq!(watcher.seen().nonces, nonces);
}

#[tokio::test]
async fn a_nonce_belongs_to_its_user_and_its_room() {
    let cluster = Cluster::start(1).await;
    let node = &cluster.nodes[0];
    let mut alex = Raw::hello(node, "alex").await;
    let mut bea = Raw::hello(node, "bea").await;
    for name in ["one", "two"] {
        alex.join(&room(name), None).await;
        for raw in [&mut alex, &mut bea] {
            let send = json!({"type": "send", "room": name, "text": "hi", "nonce": "the same"});
            assert_eq!(raw.ask(send).await["duplicate"], false);
        }
    }
}

#[tokio::test]
async fn a_message_posted_over_http_is_the_same_message() {
    let cluster = Cluster::start(2).await;
    let mut watcher = Watcher::join(&cluster.nodes[0], "watcher", &room("general")).await;
    let body = json!({"text": "posted", "nonce": "n-http"}).to_string();
    let address = cluster.nodes[1].address();
    let post = format!(
        "POST /api/v1/rooms/general/messages HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Authorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        token("alex"),
        body.len()
    );
    let (status, first) = request(address, &post).await.unwrap();
    assert_eq!(status, 201, "{first}");
    let (status, again) = request(address, &post).await.unwrap();
    assert_eq!(status, 200, "{again}");
    let mut alex = Raw::hello(&cluster.nodes[0], "alex").await;
    let send = json!({"type": "send", "room": "general", "text": "posted", "nonce": "n-http"});
    let sent = alex.ask(send).await;
    assert_eq!(
        (&sent["seq"], &sent["duplicate"]),
        (&json!(1), &json!(true))
    );
    watcher.reaches(1).await;
    assert_eq!(watcher.log(), [(1, "posted".to_owned())]);
}
