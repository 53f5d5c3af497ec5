//! A Redis that forgets, is cut off, or dies.

use std::time::{Duration, Instant};

use rookery_protocol::Cursor;
use rookery_store::{Append, BusEvent, Recovery, StoreError};
use rookery_testing::RedisServer;

use crate::place::*;

pub(crate) async fn scripts_come_back_after_they_were_flushed(mut place: Place) {
    let node = place.node().await;
    node.open("general").await;
    node.send("general", "1").await;
    place.server().command(&["SCRIPT", "FLUSH"]).unwrap();
    assert_eq!(node.send("general", "2").await.seq, 2);
    place.server().command(&["SCRIPT", "FLUSH"]).unwrap();
    assert_eq!(node.open("general").await.seq, 2);
    place.server().command(&["SCRIPT", "FLUSH"]).unwrap();
    assert_eq!(numbers(&node.latest("general").await), [1, 2]);
    place.server().command(&["SCRIPT", "FLUSH"]).unwrap();
    assert_eq!(numbers(&node.events_after_seq("general", 0).await), [1, 2]);
    place.server().command(&["SCRIPT", "FLUSH"]).unwrap();
    node.presence("general", &user("u_1", "Alex"), true).await;
    place.server().command(&["SCRIPT", "FLUSH"]).unwrap();
    assert_eq!(node.online(&room("general")).await.unwrap().count, 1);
}

pub(crate) async fn a_cut_subscription_is_made_anew(mut place: Place) {
    let mut node = place.node().await;
    node.open("general").await;
    for _ in 0..5 {
        place
            .server()
            .command(&["CLIENT", "KILL", "TYPE", "pubsub"])
            .unwrap();
        while !matches!(node.next().await.unwrap(), BusEvent::Reconnected) {}
        let seq = node.send("general", "x").await.seq;
        assert_eq!(node.lines(1).await[0].seq, Some(seq));
    }
}

/// Waits until the store serves again.
async fn back(node: &Node) {
    eventually("the store serves again", async || node.ping().await.ok()).await;
}

pub(crate) async fn a_dead_redis_refuses_soon_and_serves_again(mut place: Place) {
    let node = Node::connect(place.impatient(place.settings("n_1"))).await;
    node.open("general").await;
    place.server().kill();
    for _ in 0..3 {
        let asked = Instant::now();
        let refused = within(node.append(message("general", "lost"))).await;
        assert!(
            matches!(refused, Err(StoreError::Unavailable(_))),
            "{refused:?}"
        );
        assert!(
            asked.elapsed() < Duration::from_secs(3),
            "{:?}",
            asked.elapsed()
        );
    }
    eventually("it is known to be away", async || {
        (!node.is_available()).then_some(())
    })
    .await;
    let asked = Instant::now();
    assert!(
        within(node.append(message("general", "lost")))
            .await
            .is_err()
    );
    assert!(
        asked.elapsed() < Duration::from_millis(500),
        "refused at once when known"
    );
    assert!(within(node.join_with("general", |_| ())).await.is_err());
    assert!(within(node.ping()).await.is_err());

    place.server().restart().unwrap();
    back(&node).await;
    eventually("it is known to be back", async || {
        node.is_available().then_some(())
    })
    .await;
    assert_eq!(
        node.open("general").await.seq,
        0,
        "nothing refused was written later"
    );
    assert_eq!(node.send("general", "1").await.seq, 1);
}

pub(crate) async fn what_was_answered_survives_a_crash(_without_a_file: Place) {
    let mut place = Place::Redis(RedisServer::start_with_append_only_file().unwrap());
    let mut node = Node::connect(place.impatient(place.settings("n_1"))).await;
    let start = node.open("general").await;
    let mut sent = Vec::new();
    for round in 0..3 {
        sent.extend(
            node.send_many("general", (0..20).map(|n| format!("{round}/{n}")))
                .await,
        );
        place.server().restart().unwrap();
        back(&node).await;
        while !matches!(node.next().await.unwrap(), BusEvent::Reconnected) {}
        assert_eq!(node.events_after_seq("general", 0).await, sent);
    }
    let again = within(node.append(message_with_nonce("general", "x", "a")))
        .await
        .unwrap();
    assert_eq!(again.seq, 61);
    // In another epoch, for Redis may have lost something; but it has not, and
    // whoever was somewhere in the old one is still there.
    assert_ne!(again.epoch, start.epoch);
    sent.extend(again.event);
    for seq in [0, 7, 20] {
        let since = Cursor {
            seq: seq as u64,
            ..start.clone()
        };
        let joined = node.join_with("general", |join| join.since = Some(since));
        let recovery = joined.await.unwrap().recovery;
        assert!(recovery == Recovery::Events(sent[seq..].to_vec()), "{seq}");
    }
    place.server().restart().unwrap();
    back(&node).await;
    let again = within(node.append(message_with_nonce("general", "x", "a")))
        .await
        .unwrap();
    assert_eq!((again.seq, again.event), (61, None));
}

pub(crate) async fn a_redis_that_forgot_goes_on_after_what_is_known(mut place: Place) {
    let node = Node::connect(place.impatient(place.settings("n_1"))).await;
    let start = node.open("general").await;
    node.send_many("general", (0..5).map(|n| n.to_string()))
        .await;
    place.server().restart().unwrap();
    back(&node).await;

    let refused = within(node.append(message("general", "x"))).await;
    assert!(
        matches!(refused, Err(StoreError::NoSuchRoom(_))),
        "{refused:?}"
    );
    let known = Cursor {
        seq: 5,
        ..start.clone()
    };
    let append = Append {
        known: Some(known),
        ..message("general", "x")
    };
    let appended = within(node.append(append)).await.unwrap();
    assert_eq!(appended.seq, 6);
    assert_ne!(appended.epoch, start.epoch);
}
