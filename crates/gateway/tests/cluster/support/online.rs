//! Who is online, as somebody who comes in now is shown.

use std::{collections::BTreeSet, time::Duration};

use rookery_protocol::RoomId;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::{Node, Raw, soon, token};

/// Who looks in, and is not counted.
const PASSER_BY: &str = "passer-by";

/// The users who are online in the room.
pub(crate) async fn online(node: &Node, room: &RoomId) -> BTreeSet<String> {
    let mut raw = Raw::open(node).await;
    // The node may not have found Redis again yet.
    let hello = json!({"type": "hello", "token": token(PASSER_BY)});
    until_answered(&mut raw, "welcome", hello).await;
    let joined = until_answered(&mut raw, "ok", json!({"type": "join", "room": room})).await;
    let online = joined["room"]["online"].as_array().unwrap().iter();
    let ids = online.map(|user| user["id"].as_str().unwrap().to_owned());
    ids.filter(|id| id != PASSER_BY).collect()
}

/// Waits until these are online, and nobody else.
pub(crate) async fn online_becomes(node: &Node, room: &RoomId, expected: &[&str]) {
    let expected: BTreeSet<_> = expected.iter().map(|user| (*user).to_owned()).collect();
    let becoming = async {
        while online(node, room).await != expected {
            sleep(Duration::from_millis(100)).await;
        }
    };
    soon(&format!("{expected:?} online"), becoming).await;
}

async fn until_answered(raw: &mut Raw, with: &str, frame: Value) -> Value {
    loop {
        let answer = raw.ask(frame.clone()).await;
        if answer["type"] == with {
            return answer;
        }
        assert_eq!(answer["code"], "unavailable", "{answer}");
        sleep(Duration::from_millis(100)).await;
    }
}
