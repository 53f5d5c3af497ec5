//! Messages that do not live for good.

use rookery_protocol::{Cursor, Event, client_frame::HistoryPage};
use rookery_store::Recovery;

use crate::{keys, place::*};

const PARTY: &str = "event:party";

pub(crate) async fn events_say_when_they_are_gone(place: Place) {
    let node = place.node_with(short_lived(60_000)).await;
    node.open(PARTY).await;
    node.open("general").await;
    let appended = node.send(PARTY, "x").await;
    let event = appended.event.unwrap();
    assert_eq!(event.expires_at, Some(appended.ts + 60_000));
    assert_eq!(node.latest(PARTY).await, [event]);
    assert_eq!(
        node.send("general", "x").await.event.unwrap().expires_at,
        None
    );
    assert_eq!(node.latest("general").await[0].expires_at, None);
}

/// What a reader may see that asked between two moments: everything that was
/// not over at the end, and nothing that was over at the start.
fn assert_living(seen: &[Event], all: &[Event], asked: u64, answered: u64) {
    for event in all {
        let expires_at = event.expires_at.unwrap();
        let there = seen.contains(event);
        assert!(
            there || expires_at <= answered,
            "{} is gone too early",
            event.seq
        );
        assert!(
            !there || expires_at > asked,
            "{} is there too long",
            event.seq
        );
    }
}

pub(crate) async fn each_event_is_gone_in_time_and_no_earlier(place: Place) {
    let node = place.node_with(short_lived(300)).await;
    node.open(PARTY).await;
    let mut sent = Vec::new();
    // How often some were over while younger ones were there.
    let mut readings = 0;
    eventually("all are gone", async || {
        let enough = sent.len() >= 30 && readings > 0;
        if !enough {
            sent.extend(node.send(PARTY, &sent.len().to_string()).await.event);
        }
        let asked = now_ms();
        let before = node.latest(PARTY).await;
        assert_living(&before, &sent, asked, now_ms());

        let asked = now_ms();
        let page = node.page(PARTY, HistoryPage::After(0), 200).await;
        assert_living(&page.messages, &sent, asked, now_ms());

        let asked = now_ms();
        let joined = node.join_with(PARTY, |_| ()).await.unwrap();
        let Recovery::Messages(messages) = joined.recovery else {
            panic!("no cursor")
        };
        assert_living(&messages, &sent, asked, now_ms());

        readings += usize::from(!before.is_empty() && before.len() < sent.len());
        (enough && before.is_empty()).then_some(())
    })
    .await;
}

pub(crate) async fn what_expired_is_not_caught_up(place: Place) {
    let node = place.node_with(short_lived(300)).await;
    let start = node.open(PARTY).await;
    node.send(PARTY, "first").await;
    eventually("the first one is gone", async || {
        node.latest(PARTY).await.is_empty().then_some(())
    })
    .await;
    let second = node.send(PARTY, "second").await;
    let expires_at = second.event.as_ref().unwrap().expires_at.unwrap();

    let since = |seq| Cursor {
        seq,
        ..start.clone()
    };
    let joined = node
        .join_with(PARTY, |join| join.since = Some(since(0)))
        .await
        .unwrap();
    assert!(
        matches!(joined.recovery, Recovery::Messages(_)),
        "{joined:?}"
    );
    assert_eq!(node.events_after_seq(PARTY, 0).await, []);

    let joined = node
        .join_with(PARTY, |join| join.since = Some(since(1)))
        .await
        .unwrap();
    let after = node.events_after_seq(PARTY, 1).await;
    if now_ms() < expires_at {
        let expected = Vec::from_iter(second.event);
        assert_eq!(joined.recovery, Recovery::Events(expected.clone()));
        assert_eq!(after, expected);
    }
    let joined = node
        .join_with(PARTY, |join| join.since = Some(since(2)))
        .await
        .unwrap();
    assert_eq!(
        joined.recovery,
        Recovery::Events(vec![]),
        "nothing was missed"
    );
}

pub(crate) async fn a_lifetime_and_a_limit_go_together(place: Place) {
    let mut retention = short_lived(60_000);
    retention.max_messages = 5;
    let node = place.node_with(retention).await;
    node.open(PARTY).await;
    let sent = node.send_many(PARTY, (0..250).map(|n| n.to_string())).await;
    assert!(sent.iter().all(|event| event.expires_at.is_some()));
    assert_eq!(node.latest(PARTY).await, sent[245..]);
    assert_eq!(node.events_after_seq(PARTY, 245).await, sent[245..]);
    assert_eq!(node.events_after_seq(PARTY, 244).await, []);
}

pub(crate) async fn numbers_go_on_when_all_is_gone(place: Place) {
    let node = place.node_with(short_lived(200)).await;
    let start = node.open(PARTY).await;
    let nonce = message_with_nonce(PARTY, "x", "a");
    let first = within(node.append(nonce.clone())).await.unwrap();
    eventually("it is gone", async || {
        node.latest(PARTY).await.is_empty().then_some(())
    })
    .await;

    assert_eq!(
        node.open(PARTY).await,
        Cursor {
            seq: 1,
            ..start.clone()
        }
    );
    let again = within(node.append(nonce)).await.unwrap();
    assert_eq!((again.seq, again.ts, again.event), (1, first.ts, None));
    let next = node.send(PARTY, "y").await;
    assert_eq!((next.seq, next.epoch), (2, start.epoch));
}

/// How many fields the log of a room has in Redis.
fn log_length(place: &mut Place) -> u64 {
    let log = keys::of_room("log", PARTY);
    let length = place.server().command(&["HLEN", &log]).unwrap();
    length.parse().unwrap()
}

pub(crate) async fn an_idle_room_leaves_no_log(mut place: Place) {
    let node = place.node_with(short_lived(300)).await;
    node.open(PARTY).await;
    node.send(PARTY, "x").await;
    node.send(PARTY, "y").await;
    assert_eq!(log_length(&mut place), 2);
    eventually("the log is gone by itself", async || {
        (log_length(&mut place) == 0).then_some(())
    })
    .await;
    assert_eq!(node.open(PARTY).await.seq, 2, "its numbers go on");
}

/// The texts are gone; what stands for a nonce is a number and twenty bytes.
pub(crate) async fn nonces_outlive_their_texts(mut place: Place) {
    let node = place.node_with(short_lived(300)).await;
    node.open(PARTY).await;
    let nonce = message_with_nonce(PARTY, "a text that is looked for", "a");
    let first = within(node.append(nonce.clone())).await.unwrap();
    let log = keys::of_room("log", PARTY);
    eventually("the text is gone", async || {
        let held = place.server().command(&["HVALS", &log]).unwrap();
        (!held.contains("looked for")).then_some(())
    })
    .await;
    assert_eq!(log_length(&mut place), 2);
    let again = within(node.append(nonce)).await.unwrap();
    assert_eq!((again.seq, again.ts, again.event), (1, first.ts, None));
}

pub(crate) async fn a_lifetime_that_is_taken_off_keeps_the_room(mut place: Place) {
    let before = place.node_with(short_lived(2_000)).await;
    before.open(PARTY).await;
    let short = before.send(PARTY, "short").await.event.unwrap();
    let after = place.node_with(kept_for_good()).await;
    let kept = after.send(PARTY, "kept").await.event.unwrap();
    assert_eq!((kept.seq, kept.expires_at), (2, None));
    eventually("the one with a lifetime is gone", async || {
        let latest = after.latest(PARTY).await;
        assert!(latest.contains(&kept));
        (!latest.contains(&short)).then_some(())
    })
    .await;
    assert_eq!(after.latest(PARTY).await, [kept]);
    eventually("and its text", async || {
        (log_length(&mut place) == 1).then_some(())
    })
    .await;
}
