//! Rooms without messages in which nobody is go by themselves; no others do.

use rookery_protocol::{Cursor, ServerId};
use rookery_store::Recovery;

use crate::{keys, nodes, place::*};

/// Long enough to come in, short enough to wait for.
const KEEP_MS: u64 = 1_000;

async fn head(node: &Node, id: &str) -> Option<Cursor> {
    within(node.heads(&[room(id)])).await.unwrap().remove(0)
}

async fn is_gone(node: &Node, id: &str) {
    let what = format!("{id} is gone");
    eventually(&what, async || head(node, id).await.is_none().then_some(())).await;
}

pub(crate) async fn an_empty_room_outlives_the_last_who_was_there(place: Place) {
    let node = place.node_with(swept_clean(KEEP_MS)).await;
    let (alex, bea) = (user("u_1", "Alex"), user("u_2", "Bea"));
    let start = node.open("general").await;
    node.presence("general", &alex, true).await;
    node.presence("general", &bea, true).await;
    node.presence("general", &alex, false).await;
    // Made later, and nobody came.
    node.open("forsaken").await;
    is_gone(&node, "forsaken").await;
    assert_eq!(head(&node, "general").await, Some(start.clone()));

    node.presence("general", &bea, false).await;
    is_gone(&node, "general").await;
    let again = node.join_with("general", |join| join.since = Some(start.clone()));
    let again = again.await.unwrap();
    assert_eq!(again.recovery, Recovery::Messages(vec![]));
    assert_eq!(again.head.seq, 0);
    assert_ne!(again.head.epoch, start.epoch, "no cursor outlives its room");
}

pub(crate) async fn a_room_with_events_stays(place: Place) {
    let node = place.node_with(swept_clean(KEEP_MS)).await;
    let alex = user("u_1", "Alex");
    for id in ["before", "after"] {
        node.open(id).await;
    }
    let sent = node.send("before", "x").await;
    for id in ["before", "after"] {
        node.presence(id, &alex, true).await;
        node.presence(id, &alex, false).await;
    }
    node.send("after", "x").await;
    node.open("forsaken").await;
    is_gone(&node, "forsaken").await;
    for id in ["before", "after"] {
        assert_eq!(node.latest(id).await.len(), 1, "{id}");
    }
    assert_eq!(head(&node, "before").await.unwrap().epoch, sent.epoch);
}

pub(crate) async fn whoever_looks_in_keeps_an_empty_room(place: Place) {
    let node = place.node_with(swept_clean(KEEP_MS)).await;
    let start = node.open("general").await;
    for number in 0..4 {
        // Each of them is made after the room was looked at, and gone before it is again.
        let forsaken = format!("forsaken-{number}");
        node.open("general").await;
        node.open(&forsaken).await;
        node.presence("general", &user("u_1", "Alex"), true).await;
        is_gone(&node, &forsaken).await;
        node.presence("general", &user("u_1", "Alex"), false).await;
        assert_eq!(node.open("general").await, start);
    }
}

pub(crate) async fn without_a_time_empty_rooms_stay(place: Place) {
    let node = place.node_with(swept_clean(0)).await;
    let start = node.open("general").await;
    node.presence("general", &user("u_1", "Alex"), true).await;
    node.presence("general", &user("u_1", "Alex"), false).await;
    assert_eq!(node.open("general").await, start);
}

/// When somebody comes by in a room on Redis to see whether it is over, in milliseconds from now.
fn due_in(place: &mut Place, id: &str) -> Option<i64> {
    let key = keys::of_partition("due", id);
    let due = place.server().command(&["ZSCORE", &key, id]).unwrap();
    let time = place.server().command(&["TIME"]).unwrap();
    let seconds: i64 = time.lines().next().unwrap().parse().unwrap();
    Some(due.parse::<i64>().ok()? - 1000 * seconds)
}

/// Makes that somebody comes by now, and finds that nothing has happened for a day.
fn age(place: &mut Place, id: &str) {
    let head = keys::of_room("head", id);
    let held = place.server().command(&["GET", &head]).unwrap();
    let words: Vec<_> = held.splitn(4, ' ').collect();
    let ts = words[2].parse::<u64>().unwrap() - 24 * 3_600_000;
    // The name at the end is empty, and the space before it was cut off.
    let older = format!("{} {} {ts} {} ", words[0], words[1], words[3]);
    let due = keys::of_partition("due", id);
    let server = place.server();
    server.command(&["SET", &head, &older]).unwrap();
    server.command(&["ZADD", &due, "0", id]).unwrap();
}

/// On Redis, where it can be looked at.
pub(crate) async fn nothing_stays_of_an_empty_room(mut place: Place) {
    let node = place.node_with(swept_clean(60_000)).await;
    let alex = user("u_1", "Alex");
    node.renew_lease().await.unwrap();
    node.open("general").await;
    node.presence("general", &alex, true).await;
    age(&mut place, "general");
    eventually("somebody came by", async || {
        (due_in(&mut place, "general")? > 0).then_some(())
    })
    .await;
    assert!(head(&node, "general").await.is_some(), "somebody is there");
    node.presence("general", &alex, false).await;
    assert!((50_000..=61_000).contains(&due_in(&mut place, "general").unwrap()));
    age(&mut place, "general");
    is_gone(&node, "general").await;
    let keys = place.server().command(&["--scan"]).unwrap();
    let left = keys.lines().filter(|key| key.contains("general"));
    assert_eq!(left.collect::<Vec<_>>(), [""; 0]);
    assert_eq!(due_in(&mut place, "general"), None);
}

pub(crate) async fn a_room_of_a_dead_node_goes_when_it_is_swept(mut place: Place) {
    let mut settings = place.settings("n_dead");
    settings.retention = swept_clean(60_000);
    settings.presence = nodes::BRISK;
    let dead = Node::connect(settings.clone()).await;
    settings.server_id = ServerId::new("n_1").unwrap();
    let survivor = Node::connect(settings).await;
    dead.renew_lease().await.unwrap();
    survivor.renew_lease().await.unwrap();
    dead.open("general").await;
    dead.presence("general", &user("u_1", "Alex"), true).await;
    assert_eq!(nodes::swept_by(&[&survivor]).await.len(), 1);
    let due = due_in(&mut place, "general");
    assert!((1..=61_000).contains(&due.unwrap()), "{due:?}");
    age(&mut place, "general");
    is_gone(&survivor, "general").await;
}

/// What has a lifetime outlives its events by an hour, and then it goes too.
pub(crate) async fn a_lifetime_is_outlived_by_an_hour(mut place: Place) {
    let mut retention = short_lived(60_000);
    retention.keep_empty_ms = 1_000;
    let node = place.node_with(retention).await;
    let alex = user("u_1", "Alex");
    node.open("event:party").await;
    for online in [true, false] {
        node.presence("event:party", &alex, online).await;
        let due = due_in(&mut place, "event:party");
        assert!(due.unwrap() > 3_600_000, "{due:?}");
    }
    age(&mut place, "event:party");
    is_gone(&node, "event:party").await;
}
