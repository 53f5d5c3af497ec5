//! Numbering, storing and what is stored.

use std::collections::BTreeSet;

use rookery_protocol::{Event, EventBody, EventKind};
use rookery_store::StoreError;

use crate::place::*;

pub(crate) async fn numbers_begin_at_one_and_have_no_holes(place: Place) {
    let node = place.node().await;
    let epoch = node.open("general").await.epoch;
    for expected in 1..=5 {
        let appended = node.send("general", "hi").await;
        assert_eq!((appended.seq, &appended.epoch), (expected, &epoch));
        assert_eq!(appended.event.unwrap().seq, expected);
    }
    assert_eq!(numbers(&node.latest("general").await), [1, 2, 3, 4, 5]);
}

pub(crate) async fn each_room_counts_for_itself(place: Place) {
    let node = place.node().await;
    let first = node.open("a").await;
    let second = node.open("b").await;
    assert_ne!(first.epoch, second.epoch);
    node.send("a", "1").await;
    node.send("a", "2").await;
    assert_eq!(node.send("b", "1").await.seq, 1);
    assert_eq!(node.send("a", "3").await.seq, 3);
}

pub(crate) async fn a_room_that_is_not_there_takes_nothing(place: Place) {
    let mut node = place.node().await;
    let refused = node.append(message("nowhere", "hi")).await;
    assert!(matches!(refused, Err(StoreError::NoSuchRoom(id)) if id == room("nowhere")));
    assert_eq!(node.heads(&[room("nowhere")]).await.unwrap(), [None]);
    assert_eq!(node.lines_so_far().await, []);
}

pub(crate) async fn events_are_byte_for_byte_as_composed(place: Place) {
    let node = place.node_with(short_lived(60_000)).await;
    let texts = [
        "plain",
        "quote \" backslash \\ slash / tab \t newline \n",
        "ünïcödé 漢字 👩‍👩‍👧‍👦 \u{2028}\u{feff}\u{10ffff} e\u{301}",
        "percent %s %d %% dollar $1 brace {room} ]] -- nil",
        &"😀".repeat(4_000),
        &"x".repeat(200_000),
        "",
    ];
    for id in ["general", "event:party"] {
        node.open(id).await;
        let mut stored = Vec::new();
        for text in texts {
            let append = message(id, text);
            let body = append.body.clone();
            let appended = within(node.append(append)).await.unwrap();
            let event = appended.event.unwrap();
            let expires_at = (id == "event:party").then_some(appended.ts + 60_000);
            let composed = Event::compose(&room(id), appended.seq, appended.ts, expires_at, &body);
            assert_eq!(event, composed);
            serde_json::from_slice::<serde_json::Value>(event.json()).unwrap();
            stored.push(event);
        }
        assert_eq!(node.latest(id).await, stored, "history");
        assert_eq!(node.events_after_seq(id, 0).await, stored, "events after");
    }
}

pub(crate) async fn every_kind_of_event_is_in_the_log(place: Place) {
    let node = place.node().await;
    node.open("general").await;
    let mut stored = Vec::new();
    for (kind, number) in EventKind::ALL.into_iter().zip(1..) {
        let append = other_event("general", kind);
        let body: EventBody = append.body.clone();
        let appended = within(node.append(append)).await.unwrap();
        assert_eq!(appended.seq, number);
        let composed = Event::compose(&room("general"), number, appended.ts, None, &body);
        assert_eq!(appended.event.as_ref(), Some(&composed));
        stored.push(composed);
    }
    assert_eq!(node.events_after_seq("general", 0).await, stored);
}

pub(crate) async fn time_is_now_and_never_falls(place: Place) {
    let node = place.node().await;
    node.open("general").await;
    let mut last = now_ms();
    for _ in 0..100 {
        let ts = node.send("general", "hi").await.ts;
        assert!(ts >= last, "{ts} after {last}");
        last = ts;
    }
    assert!(last <= now_ms());
}

pub(crate) async fn appends_take_their_place_when_called(place: Place) {
    let node = place.node().await;
    node.open("general").await;
    let mut called = Vec::new();
    for number in 0..50 {
        called.push(node.append(message("general", &number.to_string())));
    }
    let mut seqs = Vec::new();
    while let Some(answer) = called.pop() {
        seqs.push(within(answer).await.unwrap().seq);
    }
    seqs.reverse();
    assert_eq!(seqs, (1..=50).collect::<Vec<_>>());
}

/// However many wait for the same moment: no call may grow beyond what the store takes.
pub(crate) async fn a_burst_is_stored_whole(place: Place) {
    let burst = place.burst();
    let node = place.node().await;
    node.open("general").await;
    node.open("other").await;
    let mut answers = Vec::new();
    for number in 0..burst {
        let id = if number % 5 == 4 { "other" } else { "general" };
        answers.push(node.append(message_with_nonce(id, "x", &number.to_string())));
    }
    for answer in answers {
        assert!(within(answer).await.unwrap().event.is_some());
    }
    let heads = within(node.heads(&[room("general"), room("other")]))
        .await
        .unwrap();
    let heads: Vec<_> = heads.into_iter().map(|head| head.unwrap().seq).collect();
    assert_eq!(heads, [burst / 5 * 4, burst / 5]);
}

pub(crate) async fn a_dropped_future_is_carried_out(place: Place) {
    let node = place.node().await;
    node.open("general").await;
    drop(node.append(message("general", "nobody waits")));
    assert_eq!(node.send("general", "somebody does").await.seq, 2);
}

/// Threads of their own, so that the embedded engine is pressed too.
pub(crate) async fn many_writers_share_one_room(place: Place) {
    const WRITERS: u64 = 8;
    let each = place.burst() / 40;
    let mut node = place.node().await;
    node.open("general").await;
    let runtime = tokio::runtime::Handle::current();
    let mut writers = Vec::new();
    for writer in 0..WRITERS {
        let (store, runtime) = (node.store.clone(), runtime.clone());
        writers.push(tokio::task::spawn_blocking(move || {
            let mut seqs = Vec::new();
            for number in 0..each {
                let append = message("general", &format!("{writer}/{number}"));
                seqs.push(runtime.block_on(store.append(append)).unwrap().seq);
            }
            assert!(seqs.is_sorted(), "a writer's own messages are in its order");
            seqs
        }));
    }
    let mut all = BTreeSet::new();
    for writer in writers {
        all.extend(within(writer).await.unwrap());
    }
    assert_eq!(all, (1..=WRITERS * each).collect());
    assert_eq!(
        numbers(&node.events_after_seq("general", 0).await),
        Vec::from_iter(1..=WRITERS * each)
    );
    let published = node.lines_so_far().await;
    let published: Vec<_> = published.iter().filter_map(|line| line.seq).collect();
    assert_eq!(published, Vec::from_iter(1..=WRITERS * each));
    let stats = node.stats();
    assert_eq!(stats.appends, WRITERS * each);
    assert!((1..=stats.appends).contains(&stats.append_calls));
}
