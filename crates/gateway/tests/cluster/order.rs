//! One order, on every node, for everybody, the sender included.

use std::time::Duration;

use rookery_client::Client;
use rookery_protocol::RoomId;
use serde_json::json;

use crate::support::{
    Acknowledged, Cluster, Raw, Reader, Watcher, Writers, assert_one_log, client, client_settings,
    room,
};

#[tokio::test]
async fn everybody_on_every_node_sees_one_order_and_each_message_once() {
    let cluster = Cluster::start(3).await;
    let general = room("general");
    let mut watchers = vec![];
    let mut readers = vec![];
    for node in &cluster.nodes {
        watchers.push(Watcher::join(node, "watcher", &general).await);
        readers.push(Reader::join(client_settings([node], "reader"), &general).await);
    }
    let authors = cluster.nodes.iter().chain(&cluster.nodes);
    let authors = authors.map(|node| client([node], "author"));
    let mut writers = Writers::start(authors, &general, Duration::ZERO);
    writers.write(600).await;
    let acknowledged = writers.stop().await;

    let last = acknowledged.last().unwrap().seq;
    assert_eq!(last, acknowledged.len() as u64, "numbers without a hole");
    let mut logs = vec![];
    for (watcher, reader) in watchers.iter_mut().zip(&mut readers) {
        watcher.reaches(last).await;
        reader.reaches(last).await;
        logs.push(("a watcher", watcher.log()));
        logs.push(("a reader", reader.log()));
    }
    assert_one_log(&acknowledged, &logs);
}

#[tokio::test]
async fn the_sender_gets_its_own_message_with_its_nonce_on_every_connection() {
    let cluster = Cluster::start(2).await;
    let general = room("general");
    let mut here = Raw::hello(&cluster.nodes[0], "alex").await;
    let mut there = Raw::hello(&cluster.nodes[1], "alex").await;
    here.join(&general, None).await;
    there.join(&general, None).await;
    let send = json!({"type": "send", "room": "general", "text": "hi", "nonce": "n-1"});
    let ok = here.ask(send).await;
    assert_eq!(
        (&ok["type"], &ok["seq"], &ok["duplicate"]),
        (&json!("ok"), &json!(1), &json!(false))
    );
    for raw in [&mut here, &mut there] {
        let message = loop {
            let frame = raw.next().await;
            if frame["type"] == "message" {
                break frame;
            }
        };
        assert_eq!(message["seq"], ok["seq"]);
        assert_eq!(message["ts"], ok["ts"]);
        assert_eq!(message["nonce"], "n-1");
        assert_eq!(message["text"], "hi");
        assert_eq!(
            message["from"],
            json!({"id": "alex", "name": "Name of alex"})
        );
    }
}

#[tokio::test]
async fn writing_needs_no_subscription() {
    let cluster = Cluster::start(2).await;
    let general = room("general");
    let mut watcher = Watcher::join(&cluster.nodes[0], "watcher", &general).await;
    let mut author = Raw::hello(&cluster.nodes[1], "author").await;
    let send = json!({"type": "send", "room": "general", "text": "from outside"});
    assert_eq!(author.ask(send).await["type"], "ok");
    watcher.reaches(1).await;
    let nowhere = author
        .ask(json!({"type": "send", "room": "nowhere", "text": "x"}))
        .await;
    assert_eq!(
        (&nowhere["type"], &nowhere["code"]),
        (&json!("error"), &json!("not_found"))
    );
}

#[tokio::test]
async fn a_node_that_was_just_added_is_whole_from_its_first_message() {
    let mut cluster = Cluster::start(1).await;
    let general = room("general");
    let mut old = Watcher::join(&cluster.nodes[0], "old", &general).await;
    cluster.add_node().await;
    let mut new = Watcher::join(&cluster.nodes[1], "new", &general).await;
    let authors = cluster.nodes.iter().map(|node| client([node], "author"));
    let mut writers = Writers::start(authors, &general, Duration::from_millis(1));
    writers.write(100).await;
    let acknowledged = writers.stop().await;
    let last = acknowledged.last().unwrap().seq;
    old.reaches(last).await;
    new.reaches(last).await;
    assert_one_log(
        &acknowledged,
        &[("the old node", old.log()), ("the new node", new.log())],
    );
}

#[tokio::test]
async fn many_rooms_at_once_do_not_get_into_each_other() {
    let cluster = Cluster::start(2).await;
    let mut work = vec![];
    for number in 0..15 {
        let general = room(&format!("room-{number}"));
        let here = Watcher::join(&cluster.nodes[0], "watcher", &general).await;
        let there = Watcher::join(&cluster.nodes[1], "watcher", &general).await;
        let authors = cluster.nodes.iter().map(|node| client([node], "author"));
        let writing: Vec<_> = authors
            .enumerate()
            .map(|(author, client)| tokio::spawn(write(client, general.clone(), author)))
            .collect();
        work.push((here, there, writing));
    }
    for (mut here, mut there, writing) in work {
        let mut acknowledged = vec![];
        for author in writing {
            acknowledged.extend(author.await.unwrap());
        }
        here.reaches(acknowledged.len() as u64).await;
        there.reaches(acknowledged.len() as u64).await;
        assert_one_log(
            &acknowledged,
            &[("here", here.log()), ("there", there.log())],
        );
    }
}

async fn write(client: Client, general: RoomId, author: usize) -> Vec<Acknowledged> {
    let mut acknowledged = vec![];
    for number in 0..25 {
        let text = format!("{author}-{number}");
        let seq = client.send(&general, &text).await.unwrap().seq;
        acknowledged.push(Acknowledged { seq, text });
    }
    acknowledged
}
