//! What one user may have of what everybody shares.

use rookery_protocol::{Cursor, Epoch};
use rookery_store::{StoreError, UserLimits};

use crate::place::*;

async fn limited(place: &Place, user_limits: UserLimits) -> Node {
    let mut settings = place.settings("n_1");
    settings.user_limits = user_limits;
    Node::connect(settings).await
}

async fn is_there(node: &Node, id: &str) -> bool {
    within(node.heads(&[room(id)])).await.unwrap()[0].is_some()
}

/// Joins, and with that makes, a room.
async fn make(node: &Node, user: &str, id: &str) -> Result<(), StoreError> {
    let joined = node.join_with(id, |join| join.user = user_id(user)).await;
    joined.map(|_| ())
}

pub(crate) async fn a_user_is_a_member_of_so_many_rooms(place: Place) {
    let limits = UserLimits {
        rooms: 3,
        ..UserLimits::default()
    };
    let node = limited(&place, limits).await;
    let alex = user_id("u_1");
    for id in ["a", "b", "c", "d"] {
        make(&node, "u_2", id).await.unwrap();
    }
    let remember = async |id| within(node.remember_member(&alex, &room(id), 0)).await;
    for id in ["a", "b", "c", "a"] {
        remember(id).await.unwrap();
    }
    let refused = |result| matches!(result, Err(StoreError::TooManyRooms { user, most: 3 }) if user == user_id("u_1"));
    assert!(refused(remember("d").await));
    assert!(refused(make(&node, "u_1", "e").await));
    assert!(!is_there(&node, "e").await, "nothing is made in vain");
    let rows = within(node.rooms_of(&alex)).await.unwrap();
    assert_eq!(rows.len(), 3);
    within(node.remember_member(&user_id("u_2"), &room("d"), 0))
        .await
        .unwrap();

    within(node.forget_member(&alex, &room("a"))).await.unwrap();
    make(&node, "u_1", "e").await.unwrap();
    remember("d").await.unwrap();
    assert!(refused(remember("e").await));
}

pub(crate) async fn a_user_makes_so_many_rooms_in_an_hour(place: Place) {
    let limits = UserLimits {
        rooms_made_per_hour: 3,
        ..UserLimits::default()
    };
    let node = limited(&place, limits).await;
    for id in ["a", "b", "c", "a"] {
        make(&node, "u_1", id).await.unwrap();
    }
    match make(&node, "u_1", "d").await {
        Err(StoreError::TooManyRoomsMade {
            user,
            per_hour: 3,
            retry_after_ms,
        }) => {
            assert_eq!(user, user_id("u_1"));
            assert!(
                (1..=1_200_000).contains(&retry_after_ms),
                "{retry_after_ms}"
            );
        }
        other => panic!("{other:?}"),
    }
    assert!(!is_there(&node, "d").await);
    make(&node, "u_2", "d").await.unwrap();
    make(&node, "u_1", "d").await.unwrap();
    // What a node knows was there before; nobody makes it.
    let known = Cursor {
        epoch: Epoch::new("lost").unwrap(),
        seq: 7,
    };
    let again = node
        .join_with("lost", |join| join.known = Some(known))
        .await;
    assert_eq!(again.unwrap().head.seq, 7);
}
