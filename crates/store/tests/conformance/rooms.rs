//! Rooms can be listed, looked at and taken away.

use rookery_protocol::{Cursor, RoomId, client_frame::HistoryPage};
use rookery_store::{Partition, Recovery};

use crate::place::*;

async fn all(node: &Node) -> Vec<RoomId> {
    let mut rooms = Vec::new();
    for partition in Partition::all() {
        // In parts, as who lists many does.
        for skip in 0.. {
            let part = within(node.rooms_in(partition, 2 * skip, 2)).await.unwrap();
            assert!(
                part.iter()
                    .all(|room| Partition::of_room(room) == partition)
            );
            rooms.extend(part.iter().cloned());
            if part.len() < 2 {
                break;
            }
        }
    }
    rooms.sort();
    rooms
}

pub(crate) async fn every_room_is_in_the_list_of_its_partition(place: Place) {
    let node = place.node().await;
    let mut ids: Vec<_> = (0..150)
        .map(|number| room(&format!("room-{number}")))
        .collect();
    for id in &ids {
        node.open(id.as_str()).await;
    }
    ids.sort();
    assert_eq!(all(&node).await, ids);
}

pub(crate) async fn a_room_says_what_it_holds(place: Place) {
    let node = place.node().await;
    assert_eq!(
        within(node.room_figures(&room("general"))).await.unwrap(),
        None
    );
    let start = node.open("general").await;
    node.presence("general", &user("u_1", "Alex"), true).await;
    node.send("general", &"x".repeat(1000)).await;
    let last = node.send("general", "y").await;
    let figures = within(node.room_figures(&room("general")))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(figures.head, Cursor { seq: 2, ..start });
    assert_eq!((figures.messages, figures.online), (2, 1));
    assert_eq!(figures.last_event_ms, last.ts);
    assert!(
        (1_000..20_000).contains(&figures.bytes),
        "{}",
        figures.bytes
    );
}

pub(crate) async fn a_room_that_is_taken_away_is_gone_with_everything_in_it(place: Place) {
    let node = place.node().await;
    let start = node.open("general").await;
    node.open("kept").await;
    node.send("general", "x").await;
    assert!(
        within(node.remove_room(&room("general"), None))
            .await
            .unwrap()
    );
    assert!(
        !within(node.remove_room(&room("general"), None))
            .await
            .unwrap()
    );
    assert_eq!(all(&node).await, [room("kept")]);
    let gone = room("general");
    let history = node.history(&gone, None, HistoryPage::Before(9), 9);
    assert!(within(history).await.is_err());
    let again = node.join_with("general", |join| join.since = Some(start.clone()));
    let again = again.await.unwrap();
    assert_eq!(again.recovery, Recovery::Messages(vec![]));
    assert_ne!(again.head.epoch, start.epoch);
    // A nonce of the room before is none of this one.
    let nonce = message_with_nonce("general", "x", "a");
    assert!(within(node.append(nonce)).await.unwrap().event.is_some());
}
