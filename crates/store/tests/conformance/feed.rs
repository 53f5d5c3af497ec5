//! What happened is there for those who come later, each number at least once.

use std::collections::BTreeSet;

use rookery_protocol::RoomId;
use rookery_store::{FeedCursor, Partition};

use crate::place::*;

/// Everything of a partition after a place, asked for in small parts; and where to go on.
async fn read(node: &Node, id: &str, mut at: FeedCursor) -> (BTreeSet<(RoomId, u64)>, FeedCursor) {
    let partition = Partition::of_room(&room(id));
    let mut seen = BTreeSet::new();
    loop {
        let feed = within(node.feed(partition, &at, 10)).await.unwrap();
        if feed.next == at {
            return (seen, at);
        }
        for grown in feed.grown {
            seen.extend((grown.first..=grown.last).map(|seq| (grown.room.clone(), seq)));
        }
        at = feed.next;
    }
}

fn numbers(id: &str, seqs: std::ops::RangeInclusive<u64>) -> BTreeSet<(RoomId, u64)> {
    seqs.map(|seq| (room(id), seq)).collect()
}

pub(crate) async fn whoever_comes_later_misses_nothing(place: Place) {
    let node = place.node().await;
    node.open("general").await;
    let (nothing, start) = read(&node, "general", FeedCursor::at(0)).await;
    assert_eq!(nothing, BTreeSet::new());
    node.send("general", "a").await;
    let (seen, at) = read(&node, "general", start.clone()).await;
    assert_eq!(seen, numbers("general", 1..=1));
    node.send_many("general", (0..30).map(|n| n.to_string()))
        .await;
    node.send("general", "b").await;
    let (seen, at) = read(&node, "general", at).await;
    assert_eq!(seen, numbers("general", 2..=32));
    assert_eq!(read(&node, "general", at).await.0, BTreeSet::new());
    assert_eq!(
        read(&node, "general", start).await.0,
        numbers("general", 1..=32)
    );
}

/// The feed of all partitions has what went in one call, whichever rooms it was for.
pub(crate) async fn rooms_of_all_partitions_are_in_some_feed(place: Place) {
    let node = place.node().await;
    let ids: Vec<_> = (0..40).map(|number| format!("room-{number}")).collect();
    for id in &ids {
        node.open(id).await;
    }
    let appends: Vec<_> = ids
        .iter()
        .map(|id| node.append_later(message(id, "x")))
        .collect();
    node.send_appends();
    for appended in appends {
        within(appended).await.unwrap();
    }
    let mut seen = BTreeSet::new();
    for partition in Partition::all() {
        let feed = within(node.feed(partition, &FeedCursor::at(0), 1000))
            .await
            .unwrap();
        seen.extend(feed.grown.into_iter().map(|grown| (grown.room, grown.last)));
    }
    assert_eq!(seen, ids.iter().map(|id| (room(id), 1)).collect());
}

/// Entries are not kept for good; who has fallen behind is sent to the rooms.
pub(crate) async fn whoever_fell_behind_finds_the_rooms(place: Place) {
    const MANY: u64 = 12_000;
    let node = place.node_with(at_most(50)).await;
    node.open("general").await;
    let (_, start) = read(&node, "general", FeedCursor::at(0)).await;
    // One entry for each call.
    for _ in 0..MANY {
        node.send("general", "x").await;
    }
    let (seen, at) = read(&node, "general", start).await;
    assert!(
        seen.is_superset(&numbers("general", MANY - 49..=MANY)),
        "what is still there"
    );
    node.send("general", "y").await;
    assert_eq!(
        read(&node, "general", at).await.0,
        numbers("general", MANY + 1..=MANY + 1)
    );
}

pub(crate) async fn a_place_can_be_written_down(place: Place) {
    let node = place.node().await;
    node.open("general").await;
    node.send("general", "x").await;
    let (_, at) = read(&node, "general", FeedCursor::at(0)).await;
    assert_eq!(at.to_string().parse(), Ok(at));
    assert!("a place".parse::<FeedCursor>().is_err());
}
