//! What is made in a row leaves together.

use rookery_protocol::{EventKind, client_frame::HistoryPage};
use rookery_testing::RedisServer;

use crate::support::{append, connect, join, room, until};

/// With threads of its own, so that the store could send before it is told to.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_appended_for_later_travels_in_one_call_and_in_order() {
    let redis = RedisServer::start().unwrap();
    let (store, _bus) = connect(&redis.url()).await;
    join(&store, "general").await;
    join(&store, "random").await;
    for round in 0..20 {
        let later = ["general", "random", "general"]
            .map(|room| store.append_later(append(room, "hi", None, None)));
        // One that leaves at once takes those before it along.
        let at_once = store.append(append("general", "hi", None, None));
        let mut seqs = Vec::new();
        for appending in later {
            seqs.push(appending.await.unwrap().seq);
        }
        seqs.push(at_once.await.unwrap().seq);
        let (general, random) = (3 * round, round);
        assert_eq!(
            seqs,
            [general + 1, random + 1, general + 2, general + 3],
            "round {round}"
        );
        assert_eq!(store.stats().append_calls, round + 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_a_call_holds_is_sent_whole() {
    const APPENDS: u64 = 1500;
    let redis = RedisServer::start().unwrap();
    let (store, _bus) = connect(&redis.url()).await;
    join(&store, "general").await;
    for _ in 0..APPENDS {
        // It is carried out all the same.
        drop(store.append_later(append("general", "hi", None, None)));
    }
    store.send_appends();
    until("all are stored", async || {
        join(&store, "general").await.head.seq == APPENDS
    })
    .await;
    assert_eq!(store.stats().appends, APPENDS);
    assert_eq!(store.stats().append_calls, APPENDS.div_ceil(512));
}

#[tokio::test]
async fn each_event_of_a_call_keeps_its_kind_and_its_rooms_lifetime() {
    let redis = RedisServer::start().unwrap();
    let (store, _bus) = connect(&redis.url()).await;
    let rooms = ["general", "event:party", "random"];
    for id in rooms {
        join(&store, id).await;
    }
    let mut later = Vec::new();
    for id in rooms {
        for kind in [EventKind::Deleted, EventKind::Message] {
            let mut append = append(id, id, None, None);
            append.body.kind = kind;
            later.push(store.append_later(append));
        }
    }
    store.send_appends();
    for appending in later {
        appending.await.unwrap();
    }
    assert_eq!(store.stats().append_calls, 1);
    for id in rooms {
        let page = store
            .history(&room(id), None, HistoryPage::Before(9), 9)
            .await;
        let messages = page.unwrap().messages;
        let [message] = messages.as_slice() else {
            panic!("{id}: {} messages", messages.len());
        };
        assert_eq!(message.seq, 2, "{id}");
        assert_eq!(
            message.expires_at.is_some(),
            id.starts_with("event:"),
            "{id}"
        );
        let text = format!(r#""text":"{id}""#);
        let json = std::str::from_utf8(message.json()).unwrap();
        assert!(json.contains(&text), "{json}");
    }
}
