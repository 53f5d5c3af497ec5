//! Messages that live for a while: gone within a second of their time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::support::{Cluster, Raw, SOON, key_of, room};

const SHORT: (&str, &str) = ("rooms.lifetimes", "event:=4s");

fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(now.as_millis()).unwrap()
}

async fn send(raw: &mut Raw, text: &str) -> Value {
    raw.ask(json!({"type": "send", "room": "event:x", "text": text}))
        .await
}

async fn texts(raw: &mut Raw) -> Vec<String> {
    let history = json!({"type": "history", "room": "event:x", "before": 1000, "limit": 100});
    let answer = raw.ask(history).await;
    let messages = answer["messages"].as_array().expect("messages");
    messages
        .iter()
        .map(|message| message["text"].as_str().unwrap().to_owned())
        .collect()
}

async fn sleep_until(at_ms: u64) {
    sleep(Duration::from_millis(at_ms.saturating_sub(now_ms()))).await;
}

#[tokio::test]
async fn a_message_is_gone_after_its_time_and_younger_ones_stay() {
    let cluster = Cluster::start_with(2, &[SHORT]).await;
    let event = room("event:x");
    let mut raw = Raw::hello(&cluster.nodes[0], "alex").await;
    let snapshot = raw.join(&event, None).await;
    assert_eq!(snapshot["ttl_ms"], 4000);
    let old = send(&mut raw, "old").await["ts"].as_u64().unwrap();
    let message = loop {
        let frame = raw.next().await;
        if frame["type"] == "message" {
            break frame;
        }
    };
    assert_eq!(message["expires_at"], old + 4000);
    sleep_until(old + 2500).await;
    send(&mut raw, "young").await;
    let mut other = Raw::hello(&cluster.nodes[1], "bea").await;
    assert_eq!(texts(&mut other).await, ["old", "young"]);
    sleep_until(old + 4000 + 800).await;
    assert_eq!(
        texts(&mut other).await,
        ["young"],
        "{} ms old",
        now_ms() - old
    );
    let fresh = other.join(&event, None).await;
    let messages = fresh["messages"].as_array().unwrap();
    assert_eq!((messages.len(), &messages[0]["text"]), (1, &json!("young")));
    let cursor = json!({"epoch": snapshot["epoch"], "seq": 0});
    let resumed = Raw::hello(&cluster.nodes[1], "carl")
        .await
        .join(&event, Some(cursor))
        .await;
    assert_eq!(
        resumed["recovered"], false,
        "one of its events is gone: not whole"
    );
}

#[tokio::test]
async fn a_room_that_nobody_writes_to_disappears_from_redis() {
    let cluster = Cluster::start_with(1, &[SHORT]).await;
    let mut raw = Raw::hello(&cluster.nodes[0], "alex").await;
    raw.join(&room("event:x"), None).await;
    send(&mut raw, "soon gone").await;
    let redis = |words: &[&str]| cluster.redis().command(words).unwrap();
    let log = key_of("log", "event:x");
    assert_eq!(redis(&["EXISTS", &log]), "1");
    drop(raw);
    let disappearing = async {
        while redis(&["HVALS", &log]).contains("soon gone") {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(8), disappearing)
        .await
        .expect("gone with its last message");
    // What is kept so that no number is given twice ends by itself as well.
    let presence_is_gone = async {
        while !redis(&["KEYS", "*online*event:x"]).is_empty() {
            sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(SOON, presence_is_gone)
        .await
        .expect("nobody is there any more");
    let due = key_of("due", "event:x").replace(":due:event:x", ":due");
    let due = redis(&["ZSCORE", &due, "event:x"]);
    assert!(!due.is_empty(), "somebody comes by when it is over");
}
