//! Coming into a room, and what comes after a cursor.

use rookery_protocol::{Cursor, Epoch, EventKind, server_frame::RoomKind};
use rookery_store::{Recovery, StoreError};

use crate::place::*;

pub(crate) async fn a_room_is_made_where_it_may_be(place: Place) {
    let node = place.node().await;
    let refused = node.join_with("general", |join| join.create = false).await;
    assert!(matches!(refused, Err(StoreError::NoSuchRoom(id)) if id == room("general")));

    let made = node.join_with("general", |_| ()).await.unwrap();
    assert_eq!((made.kind, made.head.seq), (RoomKind::Public, 0));
    assert_eq!(made.recovery, Recovery::Messages(vec![]));
    let again = node
        .join_with("general", |join| join.create = false)
        .await
        .unwrap();
    assert_eq!(again, made);
    assert_eq!(node.send("general", "hi").await.seq, 1);
}

pub(crate) async fn a_room_has_a_readable_name(place: Place) {
    let node = place.node().await;
    for (id, name) in [("general", "General"), ("event:party-1", "Party 1")] {
        assert_eq!(node.join_with(id, |_| ()).await.unwrap().name, name);
    }
}

pub(crate) async fn a_room_says_how_long_messages_live(place: Place) {
    let node = place.node_with(short_lived(60_000)).await;
    let ttl_ms = async |id| node.join_with(id, |_| ()).await.unwrap().ttl_ms;
    assert_eq!(ttl_ms("general").await, None);
    assert_eq!(ttl_ms("event:party").await, Some(60_000));
}

pub(crate) async fn without_a_cursor_the_latest_messages_come(place: Place) {
    let node = place.node().await;
    node.open("general").await;
    let mut sent = node
        .send_many("general", (0..6).map(|n| n.to_string()))
        .await;
    within(node.append(other_event("general", EventKind::Edited)))
        .await
        .unwrap();
    sent.extend(node.send("general", "last").await.event);

    let joined = node
        .join_with("general", |join| join.limit = 3)
        .await
        .unwrap();
    assert_eq!(joined.head.seq, 8);
    assert_eq!(joined.recovery, Recovery::Messages(sent[4..].to_vec()));
    let joined = node
        .join_with("general", |join| join.limit = 200)
        .await
        .unwrap();
    assert_eq!(joined.recovery, Recovery::Messages(sent));
}

pub(crate) async fn a_cursor_is_caught_up_with_raw_events(place: Place) {
    let node = place.node().await;
    let start = node.open("general").await;
    let mut sent = Vec::new();
    for kind in EventKind::ALL {
        sent.extend(
            within(node.append(other_event("general", kind)))
                .await
                .unwrap()
                .event,
        );
    }
    let last = EventKind::ALL.len() as u64;
    for seq in 0..=last {
        let joined = node
            .join_with("general", |join| {
                join.since = Some(Cursor {
                    seq,
                    ..start.clone()
                });
                join.limit = 1;
            })
            .await
            .unwrap();
        assert_eq!(
            joined.head,
            Cursor {
                seq: last,
                ..start.clone()
            }
        );
        let missed = sent[seq as usize..].to_vec();
        assert_eq!(joined.recovery, Recovery::Events(missed), "after {seq}");
    }
}

pub(crate) async fn a_cursor_that_cannot_be_served_gets_messages(place: Place) {
    let node = place.node().await;
    let start = node.open("general").await;
    let sent = node
        .send_many("general", (0..3).map(|n| n.to_string()))
        .await;
    let other_epoch = Epoch::new("another").unwrap();
    for cursor in [
        Cursor {
            seq: 4,
            ..start.clone()
        },
        Cursor {
            seq: u64::MAX,
            ..start.clone()
        },
        Cursor {
            seq: 2,
            epoch: other_epoch.clone(),
        },
        Cursor {
            seq: 3,
            epoch: other_epoch.clone(),
        },
        Cursor {
            seq: 0,
            epoch: other_epoch,
        },
    ] {
        let since = cursor.clone();
        let joined = node
            .join_with("general", |join| join.since = Some(since))
            .await
            .unwrap();
        assert_eq!(
            joined.recovery,
            Recovery::Messages(sent.clone()),
            "{cursor:?}"
        );
        assert_eq!(
            joined.head.epoch, start.epoch,
            "a client's cursor changes nothing"
        );
    }
}

pub(crate) async fn catch_up_has_an_exact_limit(place: Place) {
    let node = place.node().await;
    let start = node.open("general").await;
    let sent = node
        .send_many("general", (0..10).map(|n| n.to_string()))
        .await;
    for (seq, catch_up, recovered) in [(5, 5, true), (4, 5, false), (0, 0, true), (9, 1, true)] {
        let joined = node
            .join_with("general", |join| {
                join.since = Some(Cursor {
                    seq,
                    ..start.clone()
                });
                join.catch_up = catch_up;
                join.limit = 2;
            })
            .await
            .unwrap();
        let expected = match recovered {
            true => Recovery::Events(sent[seq as usize..].to_vec()),
            false => Recovery::Messages(sent[8..].to_vec()),
        };
        assert_eq!(joined.recovery, expected, "since {seq}, at most {catch_up}");
    }
}

pub(crate) async fn events_after_are_contiguous(place: Place) {
    let node = place.node().await;
    let start = node.open("general").await;
    let sent = node
        .send_many("general", (0..7).map(|n| n.to_string()))
        .await;
    let id = room("general");
    for (seq, limit, expected) in [
        (0, usize::MAX, &sent[..]),
        (0, 3, &sent[..3]),
        (2, 2, &sent[2..4]),
        (6, 10, &sent[6..]),
        (7, 10, &[]),
        (8, 10, &[]),
        (u64::MAX, 10, &[]),
        (0, 0, &[]),
    ] {
        let after = Cursor {
            seq,
            ..start.clone()
        };
        let range = within(node.events_after(&id, &after, limit)).await.unwrap();
        assert_eq!(
            range.head,
            Cursor {
                seq: 7,
                ..start.clone()
            }
        );
        assert_eq!(range.events, expected, "after {seq}, at most {limit}");
    }
    let of_another = Cursor {
        epoch: Epoch::new("another").unwrap(),
        seq: 2,
    };
    let range = within(node.events_after(&id, &of_another, 10))
        .await
        .unwrap();
    assert_eq!((range.head.seq, range.head.epoch), (7, start.epoch.clone()));
    assert_eq!(range.events, []);
    let nowhere = within(node.events_after(&room("nowhere"), &start, 1)).await;
    assert!(
        matches!(nowhere, Err(StoreError::NoSuchRoom(_))),
        "{nowhere:?}"
    );
}

pub(crate) async fn heads_are_in_the_order_asked(place: Place) {
    let node = place.node().await;
    let a = node.open("a").await;
    let b = node.open("b").await;
    node.send("b", "hi").await;
    let asked = [room("b"), room("nowhere"), room("a"), room("b")];
    let b = Cursor { seq: 1, ..b };
    let expected = [Some(b.clone()), None, Some(a), Some(b)];
    assert_eq!(within(node.heads(&asked)).await.unwrap(), expected);
    assert_eq!(within(node.heads(&[])).await.unwrap(), []);
}
