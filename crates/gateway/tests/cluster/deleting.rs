//! A message is taken back: everywhere, by every way, for who is there and who comes later.

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

async fn next_deleted(raw: &mut Raw) -> Value {
    soon("a deletion", async {
        loop {
            let frame = raw.next().await;
            if frame["type"] == "deleted" {
                return frame;
            }
        }
    })
    .await
}

async fn delete_by_http(node: &Node, user: &str, path: &str) -> (u16, Value) {
    let head = format!(
        "DELETE /api/v1/rooms/{path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\nconnection: close\r\n\r\n",
        token(user)
    );
    let (status, body) = request(node.address(), &head).await.unwrap();
    (status, serde_json::from_str(&body).unwrap())
}

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
        ok(
            &mut anna,
            json!({"type": "send", "room": "general", "text": text}),
        )
        .await;
    }
    assert_eq!(refused(&mut ben, delete(2)).await, "forbidden");
    let deletion = ok(&mut anna, delete(2)).await;
    assert_eq!(
        (&deletion["seq"], &deletion["duplicate"]),
        (&json!(4), &json!(false))
    );
    for raw in [&mut anna, &mut ben] {
        let told = next_deleted(raw).await;
        assert_eq!(
            (&told["target"], &told["by"]["id"], &told["seq"]),
            (&json!(2), &json!("anna"), &json!(4))
        );
    }
    // Again it is the same deletion, by whatever way.
    let again = ok(&mut anna, delete(2)).await;
    assert_eq!(
        (&again["seq"], &again["duplicate"]),
        (&json!(4), &json!(true))
    );
    let (status, again) = delete_by_http(&cluster.nodes[2], "anna", "general/messages/2").await;
    assert_eq!((status, &again["seq"]), (200, &json!(4)), "{again}");
    for target in [0, 4, 99] {
        assert_eq!(refused(&mut anna, delete(target)).await, "not_found");
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
        assert_eq!(refused(&mut later, message).await, "not_found");
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
    ok(owner, made).await;
    for raw in [&mut *owner, &mut *anna, &mut *ben] {
        raw.join(&room("general"), None).await;
    }
    let send = json!({"type": "send", "room": "general", "text": "x"});
    let (first, second) = (ok(anna, send.clone()).await, ok(anna, send).await);
    let [first, second] = [first, second].map(|sent| sent["seq"].as_u64().unwrap());
    assert_eq!(refused(ben, delete(first)).await, "forbidden");
    ok(owner, delete(first)).await;
    assert_eq!(next_deleted(anna).await["by"]["id"], "owner");
    ok(
        owner,
        json!({"type": "mute", "room": "general", "user": "anna"}),
    )
    .await;
    ok(
        owner,
        json!({"type": "update_room", "room": "general", "archived": true}),
    )
    .await;
    ok(anna, delete(second)).await;
    let mut stranger = Raw::hello(&cluster.nodes[0], "stranger").await;
    assert_eq!(refused(&mut stranger, delete(second)).await, "not_found");
}
