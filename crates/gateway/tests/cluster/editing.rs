//! A message gets another text: everywhere, by every way, for who is there and who comes later.

use serde_json::{Value, json};

use crate::support::{Cluster, Node, Raw, request, room, soon, token};

async fn ok(raw: &mut Raw, frame: Value) -> Value {
    let answer = raw.ask(frame.clone()).await;
    assert_eq!(answer["type"], "ok", "{frame} → {answer}");
    answer
}

async fn refused(raw: &mut Raw, frame: Value) -> Value {
    let answer = raw.ask(frame.clone()).await;
    assert_eq!(answer["type"], "error", "{frame} → {answer}");
    answer["code"].clone()
}

async fn next_edited(raw: &mut Raw) -> Value {
    soon("an edit", async {
        loop {
            let frame = raw.next().await;
            if frame["type"] == "edited" {
                return frame;
            }
        }
    })
    .await
}

async fn edit_by_http(node: &Node, user: &str, path: &str, body: &Value) -> (u16, Value) {
    let body = body.to_string();
    let head = format!(
        "PATCH /api/v1/rooms/{path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        token(user),
        body.len(),
    );
    let (status, body) = request(node.address(), &head).await.unwrap();
    (status, serde_json::from_str(&body).unwrap())
}

fn send(text: &str) -> Value {
    json!({"type": "send", "room": "general", "text": text})
}

fn edit(target: u64, text: &str) -> Value {
    json!({"type": "edit", "room": "general", "target": target, "text": text})
}

#[tokio::test]
async fn what_is_edited_is_so_on_every_node_for_who_is_there_and_who_comes_later() {
    let cluster = Cluster::start_far_away(3, &[]).await;
    let general = room("general");
    let mut anna = Raw::hello(&cluster.nodes[0], "anna").await;
    let mut ben = Raw::hello(&cluster.nodes[1], "ben").await;
    let epoch = anna.join(&general, None).await["epoch"].clone();
    ben.join(&general, None).await;
    for text in ["one", "a \"secret\" word", "three"] {
        ok(&mut anna, send(text)).await;
    }
    assert_eq!(refused(&mut ben, edit(2, "x")).await, "forbidden");
    assert_eq!(refused(&mut anna, edit(2, " ")).await, "bad_request");
    let long = "x".repeat(4_001);
    assert_eq!(refused(&mut anna, edit(2, &long)).await, "too_large");
    for target in [0, 99] {
        assert_eq!(refused(&mut anna, edit(target, "x")).await, "not_found");
    }
    let mut with_nonce = edit(2, "an \"open\" word");
    with_nonce["nonce"] = "n".into();
    let edited = ok(&mut anna, with_nonce.clone()).await;
    assert_eq!(edited["seq"], 4);
    for raw in [&mut anna, &mut ben] {
        let told = next_edited(raw).await;
        let wanted = json!({"type": "edited", "room": "general", "seq": 4, "ts": edited["ts"], "target": 2,
            "by": {"id": "anna", "name": "Name of anna"}, "text": "an \"open\" word"});
        assert_eq!(told, wanted);
    }
    let again = ok(&mut anna, with_nonce).await;
    assert_eq!(
        (&again["seq"], &again["duplicate"]),
        (&json!(4), &json!(true))
    );
    let body = json!({"text": "the last word"});
    let path = "general/messages/2";
    let (status, by_http) = edit_by_http(&cluster.nodes[2], "anna", path, &body).await;
    assert_eq!((status, &by_http["seq"]), (200, &json!(5)), "{by_http}");
    next_edited(&mut ben).await;
    let (status, _) = edit_by_http(&cluster.nodes[2], "ben", path, &body).await;
    assert_eq!(status, 403);

    for node in &cluster.nodes {
        let mut later = Raw::hello(node, "later").await;
        let snapshot = later.join(&general, None).await;
        let message = &snapshot["messages"][1];
        assert_eq!(
            (&message["text"], &message["edited_at"]),
            (&json!("the last word"), &by_http["ts"])
        );
        assert_eq!(snapshot["messages"].as_array().unwrap().len(), 3);
        let one = json!({"type": "message", "room": "general", "seq": 2});
        assert_eq!(ok(&mut later, one).await["message"], *message);
        let mut back = Raw::hello(node, "back").await;
        let since = json!({"epoch": epoch, "seq": 1});
        let caught_up = back.join(&general, Some(since)).await;
        let events = caught_up["events"].as_array().unwrap();
        let texts: Vec<_> = events.iter().map(|event| &event["text"]).collect();
        let last = "the last word";
        assert_eq!(texts, [last, "three", last, last], "{events:?}");
        let all = format!("{snapshot}{caught_up}");
        assert!(!all.contains("secret") && !all.contains("open"), "{all}");
    }
}

#[tokio::test]
async fn who_may_not_write_does_not_edit_and_nobody_edits_what_is_deleted() {
    let cluster = Cluster::start(2).await;
    let mut owner = Raw::hello(&cluster.nodes[0], "owner").await;
    let mut anna = Raw::hello(&cluster.nodes[1], "anna").await;
    for raw in [&mut owner, &mut anna] {
        raw.join(&room("lobby"), None).await;
    }
    let made =
        json!({"type": "create_room", "kind": "private", "room": "general", "members": ["anna"]});
    ok(&mut owner, made).await;
    anna.join(&room("general"), None).await;
    let sent = ok(&mut anna, send("x")).await["seq"].as_u64().unwrap();
    assert_eq!(refused(&mut owner, edit(sent, "y")).await, "forbidden");

    let about = |kind: &str| json!({"type": kind, "room": "general", "user": "anna"});
    ok(&mut owner, about("mute")).await;
    assert_eq!(refused(&mut anna, edit(sent, "y")).await, "forbidden");
    ok(&mut owner, about("unmute")).await;
    ok(&mut anna, edit(sent, "y")).await;
    for (field, value, back) in [
        ("archived", json!(true), json!(false)),
        ("who_may_send", json!("admins"), json!("all")),
    ] {
        let mut change = json!({"type": "update_room", "room": "general"});
        change[field] = value;
        ok(&mut owner, change.clone()).await;
        assert_eq!(refused(&mut anna, edit(sent, "z")).await, "forbidden");
        change[field] = back;
        ok(&mut owner, change).await;
    }
    // Only messages are to come slowly.
    let slow = json!({"type": "update_room", "room": "general", "slow_mode_ms": 60_000});
    ok(&mut owner, slow).await;
    let sent = ok(&mut anna, send("x")).await["seq"].as_u64().unwrap();
    assert_eq!(refused(&mut anna, send("x")).await, "slow_mode");
    ok(&mut anna, edit(sent, "z")).await;
    let delete = json!({"type": "delete", "room": "general", "target": sent});
    ok(&mut owner, delete).await;
    assert_eq!(refused(&mut anna, edit(sent, "z")).await, "not_found");
    ok(&mut owner, about("remove")).await;
    assert_eq!(refused(&mut anna, edit(sent, "z")).await, "not_found");
}
