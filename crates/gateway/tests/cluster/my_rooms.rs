//! The rooms of a user who is in many: the latest at `hello`, all of them page by page.

use serde_json::{Value, json};

use crate::support::{Cluster, Raw, request, token};

const ROOMS: usize = 205;

fn ids(rows: &Value) -> Vec<String> {
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| row["room"].as_str().unwrap().to_owned())
        .collect()
}

async fn pages_hold_all_rooms(settings: &[(&str, &str)], cluster: &mut Cluster) {
    let unhurried = [
        ("limits.user_rate", "100000"),
        ("limits.user_burst", "100000"),
        ("limits.send_rate", "100000"),
        ("limits.send_burst", "100000"),
        ("limits.rooms_made_per_hour", "0"),
    ];
    let settings = [&unhurried[..], settings].concat();
    cluster.add_node_with(&settings).await;
    let node = cluster.nodes.last().unwrap();
    let mut anna = Raw::hello(node, "anna").await;
    for number in 0..ROOMS {
        let made = json!({"type": "create_room", "kind": "private", "room": format!("r{number}")});
        anna.done(made).await;
    }
    // The store's clock counts milliseconds: this is later than all that was made.
    let send = json!({"type": "send", "room": "r0", "text": "hi"});
    let mut last = 0;
    let made = anna.done(json!({"type": "my_rooms", "limit": 1})).await;
    while last <= made["rooms"][0]["last_ts"].as_u64().unwrap() {
        last = anna.done(send.clone()).await["ts"].as_u64().unwrap();
    }

    let welcome = Raw::hello(node, "anna").await.welcome;
    let rows = &welcome["rooms"];
    assert_eq!(ids(rows).len(), 200);
    assert_eq!(
        (&rows[0]["room"], &rows[0]["last_ts"]),
        (&json!("r0"), &json!(last))
    );
    let times: Vec<_> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["last_ts"].as_u64())
        .collect();
    assert!(times.is_sorted_by(|one, next| one >= next), "{times:?}");

    let mut all = Vec::new();
    let mut after = Value::Null;
    while !after.is_null() || all.is_empty() {
        let asked = json!({"type": "my_rooms", "limit": 60, "after": after});
        let page = anna.done(asked).await;
        all.extend(ids(&page["rooms"]));
        after = page["next"].clone();
    }
    assert_eq!(all[..200], ids(rows));
    all.sort();
    all.dedup();
    assert_eq!(all.len(), ROOMS);
    let wrong = json!({"type": "my_rooms", "after": "nothing"});
    assert_eq!(anna.ask(wrong).await["code"], "bad_request");

    let head = format!(
        "GET /api/v1/me/rooms?limit=2 HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\nconnection: close\r\n\r\n",
        token("anna")
    );
    let (status, body) = request(node.address(), &head).await.unwrap();
    let page: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &ids(&page["rooms"])[0]), (200, &"r0".to_owned()));
}

#[tokio::test]
async fn pages_have_all_rooms_of_a_user() {
    pages_hold_all_rooms(&[], &mut Cluster::start(0).await).await;
}

#[tokio::test]
async fn pages_have_all_rooms_of_a_user_of_the_embedded_engine() {
    let embedded = [("store", "embedded")];
    pages_hold_all_rooms(&embedded, &mut Cluster::start(0).await).await;
}
