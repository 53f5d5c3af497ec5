//! The rooms of a user.

use rookery_protocol::{
    Role,
    server_frame::{RoomKind, RoomRow},
};

use crate::place::*;

fn row(id: &str, name: &str, seq: u64, read: u64) -> RoomRow {
    RoomRow {
        room: room(id),
        kind: RoomKind::Public,
        name: name.to_owned(),
        role: Some(Role::Member),
        seq,
        read,
        unread: seq - read,
        last_ts: 0,
    }
}

async fn rows(node: &Node, user: &str) -> Vec<RoomRow> {
    let mut rows = within(node.rooms_of(&user_id(user))).await.unwrap();
    rows.sort_by(|one, other| one.room.cmp(&other.room));
    for row in &mut rows {
        assert!(row.last_ts > 0, "{row:?}");
        // The rest is what is compared.
        row.last_ts = 0;
    }
    rows
}

pub(crate) async fn rows_say_what_is_unread(place: Place) {
    let node = place.node().await;
    node.open("a").await;
    node.open("event:b").await;
    node.open("not-joined").await;
    let alex = user_id("u_1");
    assert_eq!(rows(&node, "u_1").await, []);
    node.remember_member(&alex, &room("a"), 0).await.unwrap();
    node.send("event:b", "1").await;
    node.remember_member(&alex, &room("event:b"), 1)
        .await
        .unwrap();
    node.send("a", "1").await;
    node.send("a", "2").await;
    assert_eq!(
        rows(&node, "u_1").await,
        [row("a", "A", 2, 0), row("event:b", "B", 1, 1)]
    );

    node.remember_member(&alex, &room("a"), 2).await.unwrap();
    node.send("a", "3").await;
    assert_eq!(
        rows(&node, "u_1").await,
        [row("a", "A", 3, 2), row("event:b", "B", 1, 1)]
    );
    assert_eq!(rows(&node, "u_2").await, []);
}

pub(crate) async fn a_member_can_be_forgotten(place: Place) {
    let node = place.node().await;
    for id in ["a", "b"] {
        node.open(id).await;
        for user in ["u_1", "Bea Müller <b@example.org>"] {
            node.remember_member(&user_id(user), &room(id), 0)
                .await
                .unwrap();
        }
    }
    node.forget_member(&user_id("u_1"), &room("a"))
        .await
        .unwrap();
    node.forget_member(&user_id("u_1"), &room("never"))
        .await
        .unwrap();
    node.forget_member(&user_id("nobody"), &room("a"))
        .await
        .unwrap();
    assert_eq!(rows(&node, "u_1").await, [row("b", "B", 0, 0)]);
    assert_eq!(rows(&node, "Bea Müller <b@example.org>").await.len(), 2);
}

pub(crate) async fn rooms_that_are_gone_are_forgotten(place: Place) {
    let node = place.node().await;
    node.open("a").await;
    for id in ["a", "gone"] {
        node.remember_member(&user_id("u_1"), &room(id), 0)
            .await
            .unwrap();
    }
    assert_eq!(rows(&node, "u_1").await, [row("a", "A", 0, 0)]);
    node.open("gone").await;
    assert_eq!(
        rows(&node, "u_1").await,
        [row("a", "A", 0, 0)],
        "it was forgotten"
    );
}
