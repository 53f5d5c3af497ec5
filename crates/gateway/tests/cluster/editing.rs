//! A message gets another text: everywhere, by every way, for who is there and who comes later.

use serde_json::{Value, json};

use crate::support::{Cluster, Raw, call_api, room};

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
        anna.done(send(text)).await;
    }
    assert_eq!(ben.refused(edit(2, "x")).await, "forbidden");
    assert_eq!(anna.refused(edit(2, " ")).await, "bad_request");
    let long = "x".repeat(4_001);
    assert_eq!(anna.refused(edit(2, &long)).await, "too_large");
    for target in [0, 99] {
        assert_eq!(anna.refused(edit(target, "x")).await, "not_found");
    }
    let mut with_nonce = edit(2, "an \"open\" word");
    with_nonce["nonce"] = "n".into();
    let edited = anna.done(with_nonce.clone()).await;
    assert_eq!(edited["seq"], 4);
    for raw in [&mut anna, &mut ben] {
        let told = raw.next_of("edited").await;
        let wanted = json!({"type": "edited", "room": "general", "seq": 4, "ts": edited["ts"], "target": 2,
            "by": {"id": "anna", "name": "Name of anna"}, "text": "an \"open\" word"});
        assert_eq!(told, wanted);
    }
    let again = anna.done(with_nonce).await;
    assert_eq!(
        (&again["seq"], &again["duplicate"]),
        (&json!(4), &json!(true))
    );
    let body = json!({"text": "the last word"});
    let path = "rooms/general/messages/2";
    let (status, by_http) = call_api(&cluster.nodes[2], "anna", "PATCH", path, &body).await;
    assert_eq!((status, &by_http["seq"]), (200, &json!(5)), "{by_http}");
    ben.next_of("edited").await;
    let (status, _) = call_api(&cluster.nodes[2], "ben", "PATCH", path, &body).await;
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
        assert_eq!(later.done(one).await["message"], *message);
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
    owner.done(made).await;
    anna.join(&room("general"), None).await;
    let sent = anna.done(send("x")).await["seq"].as_u64().unwrap();
    assert_eq!(owner.refused(edit(sent, "y")).await, "forbidden");

    let about = |kind: &str| json!({"type": kind, "room": "general", "user": "anna"});
    owner.done(about("mute")).await;
    assert_eq!(anna.refused(edit(sent, "y")).await, "forbidden");
    owner.done(about("unmute")).await;
    anna.done(edit(sent, "y")).await;
    for (field, value, back) in [
        ("archived", json!(true), json!(false)),
        ("who_may_send", json!("admins"), json!("all")),
    ] {
        let mut change = json!({"type": "update_room", "room": "general"});
        change[field] = value;
        owner.done(change.clone()).await;
        assert_eq!(anna.refused(edit(sent, "z")).await, "forbidden");
        change[field] = back;
        owner.done(change).await;
    }
    // Only messages are to come slowly.
    let slow = json!({"type": "update_room", "room": "general", "slow_mode_ms": 60_000});
    owner.done(slow).await;
    let sent = anna.done(send("x")).await["seq"].as_u64().unwrap();
    assert_eq!(anna.refused(send("x")).await, "slow_mode");
    anna.done(edit(sent, "z")).await;
    let delete = json!({"type": "delete", "room": "general", "target": sent});
    owner.done(delete).await;
    assert_eq!(anna.refused(edit(sent, "z")).await, "not_found");
    owner.done(about("remove")).await;
    assert_eq!(anna.refused(edit(sent, "z")).await, "not_found");
}
