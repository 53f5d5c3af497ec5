//! Redis ends, forgets and cuts, in the middle of appends.

use std::{collections::HashMap, time::Duration};

use rookery_protocol::{Cursor, client_frame::HistoryPage};
use rookery_store::{BusEvent, StoreError};
use rookery_testing::RedisServer;

use crate::support::{append, connect, join, next, room, seqs, until, until_reconnected};

#[tokio::test]
async fn what_is_stored_is_published_and_read() {
    let redis = RedisServer::start().unwrap();
    let (one, mut bus) = connect(&redis.url()).await;
    let (other, _) = connect(&redis.url()).await;
    let joined = join(&one, "general").await;
    assert_eq!(joined.head.seq, 0);
    let stored = other
        .append(append("general", "hi", Some("a"), None))
        .await
        .unwrap();
    assert_eq!((stored.seq, &stored.epoch), (1, &joined.head.epoch));
    let again = one
        .append(append("general", "hi", Some("a"), None))
        .await
        .unwrap();
    assert_eq!((again.seq, again.ts, again.event), (1, stored.ts, None));
    let BusEvent::Payload(payload) = next(&mut bus).await else {
        panic!("not a payload");
    };
    let event = stored.event.unwrap();
    assert!(
        payload.contains(std::str::from_utf8(event.json()).unwrap()),
        "{payload:?}"
    );
    let start = Cursor {
        seq: 0,
        ..joined.head
    };
    let range = one
        .events_after(&room("general"), &start, 10)
        .await
        .unwrap();
    assert_eq!((range.head.seq, &range.events[0]), (1, &event));
    let page = one
        .history(&room("general"), None, HistoryPage::Before(9), 10)
        .await
        .unwrap();
    assert_eq!((page.messages.len(), page.more), (1, false));
    assert_eq!(
        one.heads(&[room("general"), room("none")]).await.unwrap(),
        [Some(range.head), None]
    );
}

/// Sends messages one after the other as a careful client does: each is asked
/// for again with its nonce until it is acknowledged. Gives nonce → number.
async fn send_all(
    store: rookery_store::Store,
    sender: usize,
    count: usize,
) -> HashMap<String, u64> {
    let mut acknowledged = HashMap::new();
    for number in 0..count {
        let nonce = format!("{sender}-{number}");
        loop {
            match store
                .append(append("general", &nonce, Some(&nonce), None))
                .await
            {
                Ok(stored) => {
                    acknowledged.insert(nonce, stored.seq);
                    break;
                }
                Err(StoreError::Unavailable(_)) => {
                    tokio::time::sleep(Duration::from_millis(5)).await
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
    acknowledged
}

async fn assert_log_is(store: &rookery_store::Store, acknowledged: &HashMap<String, u64>) {
    let head = store.heads(&[room("general")]).await.unwrap()[0]
        .clone()
        .unwrap();
    let start = Cursor { seq: 0, ..head };
    let range = store
        .events_after(&room("general"), &start, 10_000)
        .await
        .unwrap();
    assert_eq!(
        range.events.len(),
        acknowledged.len(),
        "every one, and each once"
    );
    let texts: HashMap<u64, String> = range
        .events
        .iter()
        .map(|event| {
            let json: serde_json::Value = serde_json::from_slice(event.json()).unwrap();
            (event.seq, json["text"].as_str().unwrap().to_owned())
        })
        .collect();
    for (nonce, seq) in acknowledged {
        assert_eq!(&texts[seq], nonce);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_redis_loses_nothing_and_doubles_nothing() {
    const SENDERS: usize = 8;
    const EACH: usize = 300;
    let mut redis = RedisServer::start_with_append_only_file().unwrap();
    let (store, mut bus) = connect(&redis.url()).await;
    join(&store, "general").await;
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| tokio::spawn(send_all(store.clone(), sender, EACH)))
        .collect();
    for quarter in 1..4 {
        until("a part is stored", async || {
            let Ok(heads) = store.heads(&[room("general")]).await else {
                return false;
            };
            heads[0]
                .as_ref()
                .is_some_and(|head| head.seq >= quarter * 500)
        })
        .await;
        tokio::task::block_in_place(|| redis.restart()).unwrap();
        until_reconnected(&mut bus).await;
    }
    let mut acknowledged = HashMap::new();
    for sender in senders {
        acknowledged.extend(sender.await.unwrap());
    }
    assert_eq!(acknowledged.len(), SENDERS * EACH);
    assert_log_is(&store, &acknowledged).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forgotten_scripts_are_loaded_again_and_the_order_kept() {
    const EACH: usize = 2_000;
    let redis = RedisServer::start().unwrap();
    let (store, _bus) = connect(&redis.url()).await;
    join(&store, "general").await;
    let mut stored = Vec::new();
    for number in 0..EACH {
        stored.push(store.append(append("general", &number.to_string(), None, None)));
        if number % 200 == 0 {
            redis.command(&["SCRIPT", "FLUSH"]).unwrap();
        }
    }
    for (number, stored) in stored.into_iter().enumerate() {
        assert_eq!(stored.await.unwrap().seq, number as u64 + 1);
    }
    redis.command(&["SCRIPT", "FLUSH"]).unwrap();
    assert_eq!(store.online(&room("general")).await.unwrap().count, 0);
    redis.command(&["SCRIPT", "FLUSH"]).unwrap();
    assert_eq!(join(&store, "general").await.head.seq, EACH as u64);
}

#[tokio::test]
async fn a_cut_subscription_comes_back_each_time() {
    let redis = RedisServer::start().unwrap();
    let (store, mut bus) = connect(&redis.url()).await;
    join(&store, "general").await;
    for round in 1..=5 {
        redis
            .command(&["CLIENT", "KILL", "TYPE", "pubsub"])
            .unwrap();
        until_reconnected(&mut bus).await;
        let stored = store
            .append(append("general", "hi", None, None))
            .await
            .unwrap();
        assert_eq!(stored.seq, round);
        assert_eq!(seqs(&next(&mut bus).await), [round]);
    }
    store.reconnect_bus();
    until_reconnected(&mut bus).await;
    store
        .append(append("general", "hi", None, None))
        .await
        .unwrap();
    assert_eq!(seqs(&next(&mut bus).await), [6]);
}

#[tokio::test]
async fn a_cut_command_connection_comes_back_and_says_so() {
    let redis = RedisServer::start().unwrap();
    let (store, mut bus) = connect(&redis.url()).await;
    join(&store, "general").await;
    for round in 1..=3 {
        redis
            .command(&["CLIENT", "KILL", "TYPE", "normal"])
            .unwrap();
        until_reconnected(&mut bus).await;
        assert!(store.is_available());
        let stored = store
            .append(append("general", "hi", None, None))
            .await
            .unwrap();
        assert_eq!(stored.seq, round);
        assert_eq!(seqs(&next(&mut bus).await), [round]);
    }
}

#[tokio::test]
async fn while_redis_is_away_everything_is_refused_at_once() {
    let mut redis = RedisServer::start_with_append_only_file().unwrap();
    let (store, _bus) = connect(&redis.url()).await;
    join(&store, "general").await;
    redis.kill();
    until("it is noticed", async || !store.is_available()).await;
    let asked = std::time::Instant::now();
    for _ in 0..1_000 {
        let refused = store.append(append("general", "hi", None, None)).await;
        assert!(
            matches!(refused, Err(StoreError::Unavailable(_))),
            "{refused:?}"
        );
    }
    assert!(store.ping().await.is_err());
    assert!(
        asked.elapsed() < Duration::from_secs(1),
        "{:?}",
        asked.elapsed()
    );
    redis.restart().unwrap();
    until("it is back", async || store.is_available()).await;
    let stored = store
        .append(append("general", "hi", None, None))
        .await
        .unwrap();
    assert_eq!(stored.seq, 1, "nothing that was refused was stored later");
}

#[tokio::test]
async fn a_redis_that_hangs_is_given_up_and_found_again() {
    let redis = RedisServer::start().unwrap();
    let (store, mut bus) = connect(&redis.url()).await;
    join(&store, "general").await;
    signal(redis.pid(), "STOP");
    let asked = std::time::Instant::now();
    let refused = store.append(append("general", "hi", Some("a"), None)).await;
    assert!(
        matches!(refused, Err(StoreError::Unavailable(_))),
        "{refused:?}"
    );
    assert!(
        asked.elapsed() < Duration::from_secs(4),
        "{:?}",
        asked.elapsed()
    );
    until("it is given up", async || !store.is_available()).await;
    signal(redis.pid(), "CONT");
    until_reconnected(&mut bus).await;
    until("it is back", async || store.is_available()).await;
    let stored = store
        .append(append("general", "hi", Some("a"), None))
        .await
        .unwrap();
    assert_eq!(stored.seq, 1, "by its nonce it is stored once");
}

fn signal(pid: u32, name: &str) {
    let done = std::process::Command::new("kill")
        .args([format!("-{name}"), pid.to_string()])
        .status()
        .unwrap();
    assert!(done.success());
}

#[tokio::test]
async fn a_bus_that_is_not_read_lags_and_goes_on() {
    const MANY: usize = 6_000;
    let redis = RedisServer::start().unwrap();
    let (store, mut bus) = connect(&redis.url()).await;
    for number in 0..MANY {
        store
            .publish(
                format!("{{\"server_id\":\"n\",\"type\":\"probe\",\"data\":{number}}}\n")
                    .into_bytes(),
            )
            .await
            .unwrap();
    }
    let (mut lagged, mut payloads) = (0, 0);
    while lagged + payloads < MANY as u64 {
        match next(&mut bus).await {
            BusEvent::Lagged(missed) => lagged += missed,
            BusEvent::Payload(_) => payloads += 1,
            BusEvent::Reconnected => panic!("it was not cut"),
        }
    }
    assert!(
        lagged > 0 && payloads > 0,
        "{lagged} lagged, {payloads} came"
    );
}
