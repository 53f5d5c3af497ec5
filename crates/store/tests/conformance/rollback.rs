//! A log that was lost, or ends before what a node knows of it.

use rookery_protocol::{Cursor, Epoch};
use rookery_store::{Append, Recovery};

use crate::place::*;

fn knowing(append: Append, epoch: &Epoch, seq: u64) -> Append {
    Append {
        known: Some(Cursor {
            epoch: epoch.clone(),
            seq,
        }),
        ..append
    }
}

pub(crate) async fn a_lost_log_is_made_anew_after_what_is_known(place: Place) {
    let node = place.node().await;
    let old = Epoch::new("old").unwrap();
    let appended = within(node.append(knowing(message("lost", "x"), &old, 41)))
        .await
        .unwrap();
    assert_eq!(appended.seq, 42);
    assert_ne!(appended.epoch, old);
    assert_eq!(node.send("lost", "y").await.seq, 43);
    assert_eq!(numbers(&node.latest("lost").await), [42, 43]);
    let head = node.open("lost").await;
    assert_eq!((head.epoch, head.seq), (appended.epoch, 43));
}

pub(crate) async fn a_lost_log_is_made_anew_by_a_join(place: Place) {
    let node = place.node().await;
    let old = Epoch::new("old").unwrap();
    let known = Cursor {
        epoch: old.clone(),
        seq: 41,
    };
    let joined = node
        .join_with("lost", |join| {
            join.create = false;
            join.known = Some(known.clone());
            join.since = Some(known);
        })
        .await
        .unwrap();
    assert_eq!(joined.head.seq, 41);
    assert_ne!(joined.head.epoch, old);
    assert_eq!(joined.recovery, Recovery::Messages(vec![]));
    let next = node.send("lost", "x").await;
    assert_eq!((next.seq, next.epoch), (42, joined.head.epoch));
}

pub(crate) async fn a_log_behind_what_is_known_gets_a_new_epoch(place: Place) {
    let mut node = place.node().await;
    let start = node.open("general").await;
    let mut survivors = node
        .send_many("general", (0..3).map(|n| n.to_string()))
        .await;
    node.lines_so_far().await;

    let append = knowing(message("general", "after"), &start.epoch, 8);
    let appended = within(node.append(append)).await.unwrap();
    assert_eq!(appended.seq, 9);
    assert_ne!(appended.epoch, start.epoch);
    let lines = node.lines_so_far().await;
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].epoch.as_deref(), Some(appended.epoch.as_str()));

    survivors.extend(appended.event);
    assert_eq!(node.latest("general").await, survivors);
    for seq in [0, 2, 3, 8, 9] {
        let since = Cursor {
            seq,
            ..start.clone()
        };
        let joined = node
            .join_with("general", |join| join.since = Some(since))
            .await
            .unwrap();
        assert_eq!(
            joined.recovery,
            Recovery::Messages(survivors.clone()),
            "old cursor {seq}"
        );
    }
    for (seq, recovered) in [(9, true), (8, true), (7, false), (3, false), (0, false)] {
        let since = Cursor {
            epoch: appended.epoch.clone(),
            seq,
        };
        let joined = node
            .join_with("general", |join| join.since = Some(since))
            .await
            .unwrap();
        let is_recovered = matches!(joined.recovery, Recovery::Events(_));
        assert_eq!(is_recovered, recovered, "new cursor {seq}: {joined:?}");
    }
    let late = knowing(message("general", "late"), &start.epoch, 8);
    let late = within(node.append(late)).await.unwrap();
    assert_eq!(
        (late.seq, late.epoch),
        (10, appended.epoch),
        "one rollback is one new epoch"
    );
}

pub(crate) async fn a_join_finds_a_rolled_back_log(place: Place) {
    let node = place.node().await;
    let start = node.open("general").await;
    let survivors = node
        .send_many("general", (0..3).map(|n| n.to_string()))
        .await;
    let known = Cursor {
        seq: 5,
        ..start.clone()
    };
    let joined = node
        .join_with("general", |join| {
            join.known = Some(known.clone());
            join.since = Some(known);
        })
        .await
        .unwrap();
    assert_eq!(joined.head.seq, 5);
    assert_ne!(joined.head.epoch, start.epoch);
    assert_eq!(joined.recovery, Recovery::Messages(survivors));
    let next = node.send("general", "x").await;
    assert_eq!((next.seq, next.epoch), (6, joined.head.epoch));
}

/// Holds one place against the log of `general`.
async fn confirm(node: &Node, epoch: &Epoch, seq: u64) -> Cursor {
    let known = Cursor {
        epoch: epoch.clone(),
        seq,
    };
    let ends = within(node.confirm(&[(room("general"), known)])).await;
    ends.unwrap()[0].clone().unwrap()
}

pub(crate) async fn a_log_that_ends_before_what_is_known_is_left_behind_at_once(place: Place) {
    let node = place.node().await;
    let start = node.open("general").await;
    let survivors = node
        .send_many("general", (0..3).map(|n| n.to_string()))
        .await;
    let end = confirm(&node, &start.epoch, 5).await;
    assert_ne!(end.epoch, start.epoch);
    assert_eq!(end.seq, 5);
    // Whatever others know of the old epoch, all agree on the new one.
    for known in [5, 9, 3] {
        assert_eq!(confirm(&node, &start.epoch, known).await, end);
    }
    assert_eq!(confirm(&node, &end.epoch, 5).await, end);
    assert_eq!(node.latest("general").await, survivors);
    for seq in 0..=5 {
        let since = Cursor {
            seq,
            ..start.clone()
        };
        let joined = node.join_with("general", |join| join.since = Some(since));
        let recovery = joined.await.unwrap().recovery;
        assert_eq!(recovery, Recovery::Messages(survivors.clone()));
    }
    let next = node.send("general", "x").await;
    assert_eq!((next.seq, next.epoch), (6, end.epoch));
}

pub(crate) async fn a_log_that_is_gone_is_there_again_when_it_is_confirmed(place: Place) {
    let node = place.node().await;
    let old = Epoch::new("old").unwrap();
    let end = confirm(&node, &old, 41).await;
    assert_ne!(end.epoch, old);
    assert_eq!(end.seq, 41);
    assert_eq!(confirm(&node, &old, 50).await, end, "once");
    let next = node.send("general", "x").await;
    assert_eq!((next.seq, next.epoch), (42, end.epoch));
}

pub(crate) async fn many_are_confirmed_at_once_and_what_is_right_stays(place: Place) {
    let node = place.node().await;
    let mut known = Vec::new();
    for number in 0..600 {
        let id = format!("room-{number}");
        let mut head = node.open(&id).await;
        if number % 3 == 0 {
            head.seq = node.send(&id, "x").await.seq;
        }
        known.push((room(&id), head));
    }
    // One is behind.
    known[300].1.seq = 7;
    let ends = within(node.confirm(&known)).await.unwrap();
    for (number, ((_, known), end)) in known.iter().zip(&ends).enumerate() {
        let end = end.as_ref().unwrap();
        assert_eq!(end.seq, known.seq);
        assert_eq!(end.epoch == known.epoch, number != 300, "{number}");
    }
    assert_eq!(within(node.confirm(&[])).await.unwrap(), []);
}

pub(crate) async fn what_is_known_rightly_changes_nothing(place: Place) {
    let node = place.node().await;
    let start = node.open("general").await;
    node.send("general", "1").await;
    let other = Epoch::new("other").unwrap();
    for (epoch, seq) in [
        (&start.epoch, 1),
        (&start.epoch, 0),
        (&other, 0),
        (&other, 900),
    ] {
        let append = knowing(message("general", "x"), epoch, seq);
        let appended = within(node.append(append)).await.unwrap();
        assert_eq!(appended.epoch, start.epoch, "{epoch} {seq}");
    }
    assert_eq!(node.open("general").await, Cursor { seq: 5, ..start });
}
