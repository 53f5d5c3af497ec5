//! Redis comes back without its last writes, in a fail-over to a replica that
//! lagged or with a file that a power cut shortened, while people watch on
//! nodes that do not write. Nobody may go on with what is lost, and nobody may
//! miss what was written in its place.

use std::time::Duration;

use rookery_client::Lost;
use rookery_protocol::RoomId;
use serde_json::{Value, json};

use crate::support::{
    Cluster, Node, Raw, Reader, SOON, Watcher, Writers, client, client_settings, latest_messages,
    post_message, room, soon, token,
};

/// Posts so many messages through a node, one after the other, each until it is taken.
async fn post(node: &Node, room: &RoomId, name: &str, count: usize) {
    for number in 1..=count {
        let text = format!("{name} {number}");
        let posting = async {
            // While Redis is away, and until its room is there again.
            let body = json!({ "text": text }).to_string();
            while post_message(node, room.as_str(), &body).await.0 != 201 {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        soon(&text, posting).await;
    }
}

fn texts(messages: &Value) -> Vec<String> {
    let messages = messages.as_array().expect("a list").iter();
    let texts = messages.map(|message| message["text"].as_str().unwrap().to_owned());
    texts.collect()
}

fn named(name: &str, count: usize) -> Vec<String> {
    (1..=count)
        .map(|number| format!("{name} {number}"))
        .collect()
}

/// A member who says `hello` without a word of epochs, as clients did that knew nothing of them.
async fn ignorant(node: &Node, user: &str) -> Raw {
    let mut raw = Raw::open(node).await;
    let welcome = raw
        .ask(json!({"type": "hello", "token": token(user)}))
        .await;
    assert_eq!(welcome["type"], "welcome");
    raw
}

/// Reads on until the room's event of that number, and gives its cursor.
async fn reads_up_to(raw: &mut Raw, snapshot: &Value, seq: u64) -> Value {
    while raw.next().await["seq"] != seq {}
    json!({"epoch": snapshot["epoch"], "seq": seq})
}

/// Fifteen messages, of which Redis then has ten.
async fn lose_five_of_fifteen(cluster: &mut Cluster, general: &RoomId, writer: usize) {
    post(&cluster.nodes[writer], general, "kept", 10).await;
    let copy = cluster.redis().copy().unwrap();
    post(&cluster.nodes[writer], general, "lost", 5).await;
    for node in 0..cluster.nodes.len() {
        let shown = latest_messages(&cluster.nodes[node], general).await;
        assert_eq!(texts(&shown["messages"]).len(), 15);
    }
    cluster.restart_redis_with(copy).await;
}

#[tokio::test]
async fn who_watches_where_nobody_writes_learns_of_a_lost_end() {
    let mut cluster = Cluster::start(2).await;
    let general = room("general");
    let mut watchers = vec![
        Raw::hello(&cluster.nodes[0], "raw").await,
        ignorant(&cluster.nodes[0], "ignorant").await,
    ];
    let mut snapshots = vec![];
    for watcher in &mut watchers {
        snapshots.push(watcher.join(&general, None).await);
    }
    let settings = client_settings([&cluster.nodes[0]], "reader");
    let mut reader = Reader::join(settings, &general).await;
    lose_five_of_fifteen(&mut cluster, &general, 1).await;
    post(&cluster.nodes[1], &general, "new", 10).await;

    let all = [named("kept", 10), named("new", 10)].concat();
    for (watcher, snapshot) in watchers.iter_mut().zip(snapshots) {
        let cursor = reads_up_to(watcher, &snapshot, 15).await;
        assert_eq!(watcher.closes(SOON).await, 4004);
        for node in &cluster.nodes {
            let mut again = Raw::hello(node, "again").await;
            let snapshot = again.join(&general, Some(cursor.clone())).await;
            assert_eq!(snapshot["recovered"], false, "{snapshot}");
            assert_ne!(snapshot["epoch"], cursor["epoch"]);
            assert_eq!(texts(&snapshot["messages"]), all);
        }
    }
    let last = |view: &[(u64, String)]| view.last().map(|(_, text)| text.clone());
    reader
        .until("the end", |seen| {
            last(&seen.view).as_deref() == Some("new 10")
        })
        .await;
    let seen = reader.seen();
    let texts: Vec<_> = seen.view.into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, all);
    let out_of_sync = |lost: &Lost| matches!(lost, Lost::Closed { code: 4004, .. });
    assert!(seen.losses.iter().any(out_of_sync), "{:?}", seen.losses);
}

/// The node of the watchers is the last to notice: when it looks, the log is
/// longer than what it knows, and nothing but its epoch tells.
#[tokio::test]
async fn a_node_that_slept_through_the_loss_learns_of_it_too() {
    let mut cluster = Cluster::start(2).await;
    let general = room("general");
    let mut watcher = Raw::hello(&cluster.nodes[0], "raw").await;
    let snapshot = watcher.join(&general, None).await;
    post(&cluster.nodes[1], &general, "kept", 10).await;
    let copy = cluster.redis().copy().unwrap();
    post(&cluster.nodes[1], &general, "lost", 5).await;
    let cursor = reads_up_to(&mut watcher, &snapshot, 15).await;

    cluster.nodes[0].signal("STOP");
    cluster.restart_redis_with(copy).await;
    post(&cluster.nodes[1], &general, "new", 10).await;
    cluster.nodes[0].signal("CONT");

    assert_eq!(watcher.closes(SOON).await, 4004);
    let shown: Vec<_> = watcher
        .unasked
        .iter()
        .filter(|frame| frame["type"] == "message")
        .collect();
    assert!(shown.is_empty(), "reused numbers were handed on: {shown:?}");
    let mut again = Raw::hello(&cluster.nodes[0], "raw").await;
    let snapshot = again.join(&general, Some(cursor)).await;
    assert_eq!(snapshot["recovered"], false);
    let all = [named("kept", 10), named("new", 10)].concat();
    assert_eq!(texts(&snapshot["messages"]), all);
    post(&cluster.nodes[1], &general, "live", 1).await;
    let end = snapshot["seq"].as_u64().unwrap();
    reads_up_to(&mut again, &snapshot, end + 1).await;
}

#[tokio::test]
async fn a_flushed_redis_has_the_rooms_again_of_those_who_are_there() {
    let cluster = Cluster::start(2).await;
    let general = room("general");
    let mut watcher = Raw::hello(&cluster.nodes[0], "raw").await;
    let snapshot = watcher.join(&general, None).await;
    post(&cluster.nodes[1], &general, "lost", 3).await;
    let cursor = reads_up_to(&mut watcher, &snapshot, 3).await;
    cluster.redis().command(&["FLUSHALL"]).unwrap();

    assert_eq!(watcher.closes(SOON).await, 4004);
    post(&cluster.nodes[1], &general, "new", 2).await;
    let mut again = Raw::hello(&cluster.nodes[0], "raw").await;
    let snapshot = again.join(&general, Some(cursor)).await;
    assert_eq!(snapshot["recovered"], false);
    assert_eq!(texts(&snapshot["messages"]), named("new", 2));
    post(&cluster.nodes[1], &general, "newer", 1).await;
    let end = snapshot["seq"].as_u64().unwrap();
    reads_up_to(&mut again, &snapshot, end + 1).await;
}

/// Everything loses its power at once, and nobody is left who knows better.
#[tokio::test]
async fn a_cursor_of_what_was_lost_is_not_resumed_by_those_who_know_nothing() {
    let mut cluster = Cluster::start(2).await;
    let general = room("general");
    let mut first = Raw::hello(&cluster.nodes[0], "raw").await;
    let epoch = first.join(&general, None).await["epoch"].clone();
    post(&cluster.nodes[1], &general, "kept", 10).await;
    let copy = cluster.redis().copy().unwrap();
    post(&cluster.nodes[1], &general, "lost", 5).await;
    for node in &mut cluster.nodes {
        node.kill();
    }
    cluster.restart_redis_with(copy).await;
    for node in &mut cluster.nodes {
        node.restart().await;
    }
    let at = |seq: u64| Some(json!({"epoch": epoch, "seq": seq}));
    // Before anything is written in its place, too.
    let mut early = Raw::hello(&cluster.nodes[0], "raw").await;
    let snapshot = early.join(&general, at(15)).await;
    assert_eq!(snapshot["recovered"], false);
    assert_ne!(snapshot["epoch"], epoch);
    assert_eq!(texts(&snapshot["messages"]), named("kept", 10));

    post(&cluster.nodes[1], &general, "new", 10).await;
    reads_up_to(&mut early, &snapshot, 20).await;
    let all = [named("kept", 10), named("new", 10)].concat();
    for node in &cluster.nodes {
        // Of each kind twice: read from Redis, then from what the node remembers.
        for _ in 0..2 {
            for seq in [11, 15, 20] {
                for mut raw in [Raw::hello(node, "raw").await, ignorant(node, "other").await] {
                    let snapshot = raw.join(&general, at(seq)).await;
                    assert_eq!(snapshot["recovered"], false, "{seq}: {snapshot}");
                    assert_eq!(texts(&snapshot["messages"]), all);
                }
            }
            // Up to where nothing was lost, it is as good as new.
            let mut raw = Raw::hello(node, "raw").await;
            let snapshot = raw.join(&general, at(10)).await;
            assert_eq!(snapshot["recovered"], true, "{snapshot}");
            assert_ne!(snapshot["epoch"], epoch);
            assert_eq!(texts(&snapshot["events"]), named("new", 10));
            // But who would not understand the other epoch begins anew.
            let mut raw = ignorant(node, "other").await;
            let snapshot = raw.join(&general, at(10)).await;
            assert_eq!(snapshot["recovered"], false, "{snapshot}");
            assert_eq!(texts(&snapshot["messages"]), all);
        }
    }
}

#[tokio::test]
async fn a_restart_that_lost_nothing_costs_nobody_a_snapshot() {
    let mut cluster = Cluster::start(2).await;
    let general = room("general");
    let mut watcher = Raw::hello(&cluster.nodes[0], "raw").await;
    let epoch = watcher.join(&general, None).await["epoch"].clone();
    let mut other = ignorant(&cluster.nodes[0], "ignorant").await;
    other.join(&general, None).await;
    let mut reader = Reader::join(client_settings(&cluster.nodes, "reader"), &general).await;
    post(&cluster.nodes[1], &general, "one", 5).await;
    while watcher.next().await["seq"] != 5 {}
    reader.reaches(5).await;

    cluster.kill_redis();
    cluster.restart_redis().await;
    post(&cluster.nodes[1], &general, "two", 5).await;
    let mut frames = vec![];
    while frames.last().is_none_or(|frame: &Value| frame["seq"] != 10) {
        let frame = watcher.next().await;
        if frame["type"] == "epoch" || frame["type"] == "message" {
            frames.push(frame);
        }
    }
    assert_eq!(
        (&frames[0]["type"], &frames[0]["room"], &frames[0]["seq"]),
        (&json!("epoch"), &json!("general"), &json!(5))
    );
    assert_ne!(frames[0]["epoch"], epoch);
    assert_eq!(texts(&json!(frames[1..])), named("two", 5));
    // It would go on with a cursor of an epoch that has ended.
    assert_eq!(other.closes(SOON).await, 4004);

    for (epoch, seq) in [(&epoch, 3), (&epoch, 5), (&frames[0]["epoch"], 7)] {
        let mut again = Raw::hello(&cluster.nodes[1], "raw").await;
        let cursor = json!({"epoch": epoch, "seq": seq});
        let snapshot = again.join(&general, Some(cursor)).await;
        assert_eq!(snapshot["recovered"], true, "{epoch} {seq}");
        assert_eq!(texts(&snapshot["events"]).len(), 10 - seq);
    }
    reader.reaches(10).await;
    cluster.nodes[0].kill();
    post(&cluster.nodes[1], &general, "three", 1).await;
    reader.reaches(11).await;
    let seen = reader.seen();
    assert_eq!((seen.replaced, seen.epochs), (1, 1));
}

/// Writers on two nodes and readers on three while Redis twice falls back to
/// what it had a moment before: whatever was acknowledged after the last time
/// is there, and all who read see the same.
#[tokio::test]
async fn under_traffic_everybody_agrees_on_what_is_left() {
    let mut cluster = Cluster::start(3).await;
    let general = room("general");
    let mut readers = vec![];
    for node in &cluster.nodes {
        readers.push(Reader::join(client_settings([node], "reader"), &general).await);
    }
    let mut watcher = Watcher::join(&cluster.nodes[2], "watcher", &general).await;
    let authors = [0, 1, 0, 1].map(|node: usize| client([&cluster.nodes[node]], "author"));
    let mut writers = Writers::start(authors, &general, Duration::from_millis(5));
    for _ in 0..2 {
        writers.write(100).await;
        let copy = cluster.redis().copy().unwrap();
        writers.write(100).await;
        cluster.restart_redis_with(copy).await;
    }
    let lost = writers.count();
    writers.write(300).await;
    let acknowledged = writers.stop().await;
    watcher
        .until("being sent back", |seen| seen.closed == Some(4004))
        .await;

    let sent = client([&cluster.nodes[0]], "author")
        .send(&general, "the end")
        .await;
    let end = sent.unwrap().seq;
    let page = latest_messages(&cluster.nodes[2], &general).await;
    let log = page["messages"].as_array().unwrap().iter();
    let log: Vec<_> = log
        .map(|message| {
            (
                message["seq"].as_u64().unwrap(),
                message["text"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    for reader in &mut readers {
        reader
            .until("the end", |seen| {
                seen.view.last().is_some_and(|(seq, _)| *seq >= end)
            })
            .await;
        let view = reader.seen().view;
        let same = view.len().min(log.len());
        // Who was away until the end has just the page that a newcomer gets.
        assert!(same >= 50, "{same}");
        assert_eq!(view[view.len() - same..], log[log.len() - same..]);
        assert_eq!(reader.seen().gave_up, None);
    }
    assert!(lost >= 400 && acknowledged.len() >= lost + 300);
    // The last hundred were acknowledged long after the loss.
    for sent in &acknowledged[acknowledged.len() - 100..] {
        assert!(log.contains(&(sent.seq, sent.text.clone())), "{sent:?}");
    }
}
