//! A message is taken back: everywhere, by every way, for who is there and who comes later.

use serde_json::{Value, json};

use crate::support::{Cluster, Raw, call_api, room};

fn delete(target: u64) -> Value {
    json!({"type": "delete", "room": "general", "target": target})
}

#[tokio::test]
async fn what_is_deleted_is_gone_on_every_node_for_who_is_there_and_who_comes_later() {
    let cluster = Cluster::start(3).await;
    let general = room("general");
    let mut anna = Raw::hello(&cluster.nodes[0], "anna").await;
    let mut ben = Raw::hello(&cluster.nodes[1], "ben").await;
    let epoch = anna.join(&general, None).await["epoch"].clone();
    ben.join(&general, None).await;
    for text in ["one", "a \"secret\" word", "three"] {
        anna.done(json!({"type": "send", "room": "general", "text": text}))
            .await;
    }
    assert_eq!(ben.refused(delete(2)).await, "forbidden");
    let deletion = anna.done(delete(2)).await;
    assert_eq!(
        (&deletion["seq"], &deletion["duplicate"]),
        (&json!(4), &json!(false))
    );
    for raw in [&mut anna, &mut ben] {
        let told = raw.next_of("deleted").await;
        assert_eq!(
            (&told["target"], &told["by"]["id"], &told["seq"]),
            (&json!(2), &json!("anna"), &json!(4))
        );
    }
    // Again it is the same deletion, by whatever way.
    let again = anna.done(delete(2)).await;
    assert_eq!(
        (&again["seq"], &again["duplicate"]),
        (&json!(4), &json!(true))
    );
    let (status, again) = call_api(
        &cluster.nodes[2],
        "anna",
        "DELETE",
        "rooms/general/messages/2",
        &Value::Null,
    )
    .await;
    assert_eq!((status, &again["seq"]), (200, &json!(4)), "{again}");
    for target in [0, 4, 99] {
        assert_eq!(anna.refused(delete(target)).await, "not_found");
    }
    for node in &cluster.nodes {
        let mut later = Raw::hello(node, "later").await;
        let snapshot = later.join(&general, None).await;
        assert!(!snapshot.to_string().contains("secret"), "{snapshot}");
        let seqs: Vec<_> = snapshot["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| &it["seq"])
            .collect();
        assert_eq!(seqs, [1, 3]);
        let message = json!({"type": "message", "room": "general", "seq": 2});
        assert_eq!(later.refused(message).await, "not_found");
        let mut back = Raw::hello(node, "back").await;
        let caught_up = back
            .join(&general, Some(json!({"epoch": epoch, "seq": 1})))
            .await;
        let events = caught_up["events"].as_array().unwrap();
        assert_eq!(events.len(), 3, "{events:?}");
        let stone = json!({"type": "message", "room": "general", "seq": 2, "ts": events[0]["ts"],
            "from": {"id": "anna", "name": "Name of anna"}, "deleted": true});
        assert_eq!(events[0], stone);
    }
}

#[tokio::test]
async fn who_keeps_order_deletes_what_others_wrote_and_who_is_muted_their_own() {
    let cluster = Cluster::start(2).await;
    let mut people = Vec::new();
    for (user, node) in [("owner", 0), ("anna", 1), ("ben", 0)] {
        let mut raw = Raw::hello(&cluster.nodes[node], user).await;
        raw.join(&room("lobby"), None).await;
        people.push(raw);
    }
    let [owner, anna, ben] = &mut people[..] else {
        unreachable!()
    };
    let made = json!({"type": "create_room", "kind": "private", "room": "general", "members": ["anna", "ben"]});
    owner.done(made).await;
    for raw in [&mut *owner, &mut *anna, &mut *ben] {
        raw.join(&room("general"), None).await;
    }
    let send = json!({"type": "send", "room": "general", "text": "x"});
    let (first, second) = (anna.done(send.clone()).await, anna.done(send).await);
    let [first, second] = [first, second].map(|sent| sent["seq"].as_u64().unwrap());
    assert_eq!(ben.refused(delete(first)).await, "forbidden");
    owner.done(delete(first)).await;
    assert_eq!(anna.next_of("deleted").await["by"]["id"], "owner");
    owner
        .done(json!({"type": "mute", "room": "general", "user": "anna"}))
        .await;
    owner
        .done(json!({"type": "update_room", "room": "general", "archived": true}))
        .await;
    anna.done(delete(second)).await;
    let mut stranger = Raw::hello(&cluster.nodes[0], "stranger").await;
    assert_eq!(stranger.refused(delete(second)).await, "not_found");
}
