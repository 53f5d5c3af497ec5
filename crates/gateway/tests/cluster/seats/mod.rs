//! Frames of a connection count in their order, however long the store takes:
//! whoever joins and leaves in quick turn ends where the last frame said.

mod model;
mod sequences;

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::support::{Cluster, Node, Raw, Watcher, client, room, soon};

/// Nodes that follow no room for longer than somebody is in it.
async fn far_away(nodes: usize) -> Cluster {
    Cluster::start_far_away(nodes, &[("rooms.linger_ms", "0")]).await
}

/// Sends `join` and `leave` of a room without waiting, and gives the ids.
async fn say_all(raw: &mut Raw, room: &str, types: &[&str]) -> Vec<u64> {
    let mut ids = vec![];
    for kind in types {
        ids.push(raw.say(json!({"type": kind, "room": room})).await);
    }
    ids
}

async fn answers(raw: &mut Raw, ids: &[u64]) -> Vec<Value> {
    let mut all = vec![];
    for id in ids {
        all.push(raw.answer(*id).await);
    }
    all
}

/// `ok`, or the code of the error.
fn outcomes(answers: &[Value]) -> Vec<&str> {
    let outcome = |answer: &'_ Value| match answer["code"].as_str() {
        Some(_) => "code",
        None => "type",
    };
    let outcomes = answers.iter();
    let outcomes = outcomes.map(|answer| answer[outcome(answer)].as_str().unwrap());
    outcomes.collect()
}

/// The rooms in the next `welcome`.
async fn memberships(node: &Node, user: &str) -> Vec<String> {
    let mut connection = Raw::open(node).await.connection;
    let token = crate::support::token(user);
    let welcome = connection.hello(&token, "test").await.unwrap();
    let mut rooms: Vec<_> = welcome
        .rooms
        .iter()
        .map(|row| row.room.to_string())
        .collect();
    rooms.sort();
    rooms
}

/// What a connection hears of a room from now on, when two messages are written.
async fn hears(raw: &mut Raw, node: &Node, name: &str) -> usize {
    let author = client([node], "author");
    for text in ["one", "two"] {
        author.send(&room(name), text).await.unwrap();
    }
    // Whoever hears it at all heard it before the pong of a later ping.
    let pong = raw
        .ask(json!({"type": "history", "room": name, "before": 1_000_000}))
        .await;
    assert_eq!(pong["type"], "ok", "{pong}");
    sleep(Duration::from_millis(100)).await;
    raw.ask(json!({"type": "ping"})).await;
    let heard = raw.unasked.iter();
    heard
        .filter(|frame| frame["type"] == "message" && frame["room"] == *name)
        .count()
}

async fn metric_becomes(node: &Node, name: &str, wanted: f64) {
    let becoming = async {
        while node.metric(name).await != wanted {
            sleep(Duration::from_millis(50)).await;
        }
    };
    soon(&format!("{name} becoming {wanted}"), becoming).await;
}

#[tokio::test]
async fn leave_and_join_in_one_go_are_both_ok_and_the_room_is_heard() {
    let cluster = far_away(1).await;
    let mut raw = Raw::hello(&cluster.nodes[0], "alex").await;
    raw.join(&room("general"), None).await;
    for _ in 0..5 {
        let ids = say_all(&mut raw, "general", &["leave", "join"]).await;
        assert_eq!(outcomes(&answers(&mut raw, &ids).await), ["ok", "ok"]);
    }
    assert_eq!(hears(&mut raw, &cluster.nodes[0], "general").await, 2);
    assert_eq!(memberships(&cluster.nodes[0], "alex").await, ["general"]);
}

#[tokio::test]
async fn join_leave_join_attaches_once_and_the_room_can_become_idle() {
    let cluster = far_away(2).await;
    let (node, other) = (&cluster.nodes[0], &cluster.nodes[1]);
    let mut watcher = Watcher::join(other, "watcher", &room("general")).await;
    let mut raw = Raw::hello(node, "alex").await;
    let ids = say_all(&mut raw, "general", &["join", "leave", "join"]).await;
    let answered = answers(&mut raw, &ids).await;
    assert_eq!(
        outcomes(&answered),
        ["conflict", "ok", "ok"],
        "{answered:?}"
    );
    assert_eq!(answered[2]["room"]["room"], "general");
    assert_eq!(hears(&mut raw, node, "general").await, 2, "each once");
    assert_eq!(memberships(node, "alex").await, ["general"]);
    let once = |presence: &[(String, String, u64)], status: &str| {
        let of_alex = presence.iter().filter(|(id, ..)| id == "alex");
        of_alex.filter(|(_, other, _)| other == status).count() == 1
    };
    watcher
        .until("alex coming once", |seen| once(&seen.presence, "online"))
        .await;

    let ids = say_all(&mut raw, "general", &["leave"]).await;
    assert_eq!(outcomes(&answers(&mut raw, &ids).await), ["ok"]);
    watcher
        .until("alex going once", |seen| once(&seen.presence, "offline"))
        .await;
    let came = watcher.seen().presence;
    assert!(once(&came, "online") && once(&came, "offline"), "{came:?}");
    assert_eq!(memberships(node, "alex").await, [""; 0]);

    // Nobody is counted in it any more when all have gone.
    drop(raw);
    metric_becomes(node, "rookery_connections", 0.0).await;
    metric_becomes(node, "rookery_rooms", 0.0).await;
}

#[tokio::test]
async fn leaving_while_joining_leaves() {
    let cluster = far_away(2).await;
    let (node, other) = (&cluster.nodes[0], &cluster.nodes[1]);
    let mut maker = Raw::hello(other, "maker").await;
    let mut raw = Raw::hello(node, "alex").await;
    // At once, while the room is read, and while the membership is written.
    for pause_ms in [0, 10, 20, 30, 45, 70] {
        let name = format!("room-{pause_ms}");
        maker.join(&room(&name), None).await;
        let joining = say_all(&mut raw, &name, &["join"]).await;
        sleep(Duration::from_millis(pause_ms)).await;
        let leaving = say_all(&mut raw, &name, &["leave"]).await;
        let joined = answers(&mut raw, &joining).await;
        let left = answers(&mut raw, &leaving).await;
        assert_eq!(outcomes(&left), ["ok"]);
        if joined[0]["type"] == "error" {
            assert_eq!(joined[0]["code"], "conflict", "{joined:?}");
            let words = joined[0]["message"].as_str().unwrap();
            assert!(words.contains("left before"), "{words}");
        }
        assert_eq!(memberships(node, "alex").await, [""; 0], "{pause_ms} ms");
        raw.unasked.clear();
        assert_eq!(hears(&mut raw, node, &name).await, 0);
    }
    drop(raw);
    metric_becomes(node, "rookery_rooms", 0.0).await;
}

/// What React does to every effect of a component in strict mode.
#[tokio::test]
async fn a_component_that_is_mounted_twice_is_in_all_its_rooms() {
    let cluster = far_away(1).await;
    let mut raw = Raw::hello(&cluster.nodes[0], "alex").await;
    let rooms: Vec<_> = (0..12).map(|number| format!("room-{number:02}")).collect();
    let mut ids = vec![];
    for kind in ["join", "leave", "join"] {
        for name in &rooms {
            ids.push(raw.say(json!({"type": kind, "room": name})).await);
        }
    }
    let answered = answers(&mut raw, &ids).await;
    for (number, answer) in answered.iter().enumerate().skip(rooms.len()) {
        assert_eq!(answer["type"], "ok", "{number}: {answer}");
    }
    assert_eq!(memberships(&cluster.nodes[0], "alex").await, rooms);
    for name in &rooms {
        assert_eq!(hears(&mut raw, &cluster.nodes[0], name).await, 2, "{name}");
    }
}
