//! Messages that are held up to everybody.

use rookery_protocol::{Role, RoomId, server_frame::RoomKind};
use rookery_store::{Append, Appended, Denied, Pin, Restraint, Rule, StoreError, When};
use serde_json::json;

use crate::{overwrite::deleting, people::*, place::*, reactions::value};

async fn pin(
    node: &Node,
    id: &str,
    by: &str,
    target: u64,
    on: bool,
) -> Result<Option<Appended>, StoreError> {
    let pin = Pin {
        room: room(id),
        by: user(by, by),
        target,
        on,
        known: None,
        most: 3,
    };
    within(node.pin(&pin)).await
}

async fn refused(node: &Node, id: &str, by: &str, target: u64) -> Denied {
    denied(pin(node, id, by, target, true).await.unwrap_err())
}

async fn pins(node: &Node, id: &str) -> Vec<u64> {
    let joined = node.join_with(id, |_| ()).await.unwrap();
    let pinned = within(node.pinned(&RoomId::new(id).unwrap(), &user_id("owner")))
        .await
        .unwrap();
    assert!(pinned.iter().all(|event| value(event)["pinned"] == true));
    assert_eq!(numbers(&pinned), joined.pins);
    joined.pins
}

async fn send_as_owner(node: &Node, id: &str, count: u64) {
    for _ in 0..count {
        let message = Append {
            user: user_id("owner"),
            ..message(id, "x")
        };
        within(node.append(message)).await.unwrap();
    }
}

pub(crate) async fn a_message_is_pinned_by_who_keeps_order(place: Place) {
    let node = place.node().await;
    staffed(&node, "club", RoomKind::Private).await;
    send_as_owner(&node, "club", 3).await;
    let first = node.latest("club").await[0].seq;
    let told = pin(&node, "club", "admin", first + 1, true).await.unwrap();
    let told = value(&told.unwrap().event.unwrap());
    let expected = json!({
        "type": "pinned", "room": "club", "seq": first + 3, "ts": told["ts"],
        "target": first + 1, "by": {"id": "admin", "name": "admin"}, "on": true
    });
    assert_eq!(told, expected);
    assert_eq!(
        pin(&node, "club", "owner", first + 1, true).await.unwrap(),
        None
    );
    pin(&node, "club", "owner", first, true).await.unwrap();
    assert_eq!(pins(&node, "club").await, [first + 1, first]);
    let page = node.latest("club").await;
    assert_eq!(page.len(), 3);
    let marked: Vec<_> = page.iter().map(|it| value(it)["pinned"] == true).collect();
    assert_eq!(marked, [true, true, false]);
    pin(&node, "club", "admin", first + 1, false).await.unwrap();
    assert_eq!(
        pin(&node, "club", "admin", first + 1, false).await.unwrap(),
        None
    );
    assert_eq!(pins(&node, "club").await, [first]);
    assert_eq!(value(&node.latest("club").await[1]).get("pinned"), None);
    for (by, why) in [
        ("member", Denied::Role),
        ("reader", Denied::ReadOnly),
        ("nobody", Denied::Hidden),
    ] {
        assert_eq!(refused(&node, "club", by, first).await, why);
    }
    let steps = vec![restrain(Restraint::Mute, "admin", None)];
    try_change(&node, "club", "owner", Some(Role::Admin), steps)
        .await
        .unwrap();
    assert_eq!(
        refused(&node, "club", "admin", first + 2).await,
        Denied::Muted
    );
    let steps = vec![rule(Rule::Archived, Some("1"))];
    try_change(&node, "club", "owner", Some(Role::Admin), steps)
        .await
        .unwrap();
    assert_eq!(
        refused(&node, "club", "owner", first + 2).await,
        Denied::Archived
    );
    // In a room of two, both keep order.
    let steps = vec![
        make(RoomKind::Direct),
        rank("owner", Some(Role::Member), When::Stranger),
        rank("other", Some(Role::Member), When::Stranger),
    ];
    try_change(&node, "dm:other:owner", "owner", None, steps)
        .await
        .unwrap();
    send_as_owner(&node, "dm:other:owner", 1).await;
    assert!(
        pin(&node, "dm:other:owner", "other", 1, true)
            .await
            .unwrap()
            .is_some()
    );
}

pub(crate) async fn pins_are_bounded_and_go_with_their_messages(place: Place) {
    let node = place.node_with(at_most(6)).await;
    staffed(&node, "hall", RoomKind::Public).await;
    send_as_owner(&node, "hall", 6).await;
    let first = node.latest("hall").await[0].seq;
    for target in [first, first + 1, first + 2] {
        pin(&node, "hall", "owner", target, true).await.unwrap();
    }
    assert_eq!(
        refused(&node, "hall", "owner", first + 3).await,
        Denied::TooManyPins
    );
    let by_owner = Append {
        user: user_id("owner"),
        ..deleting("hall", first + 2)
    };
    within(node.append(by_owner)).await.unwrap();
    assert_eq!(pins(&node, "hall").await, [first, first + 1]);
    let missed = pin(&node, "hall", "owner", first + 2, true).await;
    assert!(matches!(missed, Err(StoreError::NoSuchMessage { .. })));
    // The first goes out of sight.
    send_as_owner(&node, "hall", 2).await;
    assert_eq!(pins(&node, "hall").await, [first + 1]);
    for target in [first + 3, first + 4] {
        pin(&node, "hall", "owner", target, true).await.unwrap();
    }
    assert_eq!(pins(&node, "hall").await.len(), 3);
    assert_eq!(
        refused(&node, "hall", "owner", first + 5).await,
        Denied::TooManyPins
    );
}
