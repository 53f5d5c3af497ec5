//! Pages of messages.

use rookery_protocol::{
    EventKind,
    client_frame::HistoryPage::{After, Around, Before},
};
use rookery_store::StoreError;

use crate::place::*;

/// A room in which 2, 5 and 8 of 10 events are no messages.
async fn mixed_room(place: &Place) -> Node {
    let node = place.node().await;
    node.open("general").await;
    for seq in 1..=10 {
        let append = match seq {
            2 => other_event("general", EventKind::Edited),
            5 => other_event("general", EventKind::Reacted),
            8 => other_event("general", EventKind::Deleted),
            _ => message("general", &seq.to_string()),
        };
        assert_eq!(within(node.append(append)).await.unwrap().seq, seq);
    }
    node
}

macro_rules! pages {
    ($node:expr, $(($page:expr, $limit:expr) => ($seqs:expr, $more:expr),)*) => {$(
        let page = $node.page("general", $page, $limit).await;
        let seqs: &[u64] = &$seqs;
        assert_eq!(numbers(&page.messages), seqs, "{:?}, at most {}", $page, $limit);
        assert_eq!(page.more, $more, "{:?}, at most {}", $page, $limit);
    )*};
}

pub(crate) async fn pages_before(place: Place) {
    let node = mixed_room(&place).await;
    pages! { node,
        (Before(11), 3) => ([7, 9, 10], true),
        (Before(7), 3) => ([3, 4, 6], true),
        (Before(7), 4) => ([1, 3, 4, 6], false),
        (Before(3), 5) => ([1], false),
        (Before(1), 5) => ([], false),
        (Before(1000), 200) => ([1, 3, 4, 6, 7, 9, 10], false),
    }
}

pub(crate) async fn pages_after(place: Place) {
    let node = mixed_room(&place).await;
    pages! { node,
        (After(0), 2) => ([1, 3], true),
        (After(3), 3) => ([4, 6, 7], true),
        (After(7), 2) => ([9, 10], false),
        (After(9), 5) => ([10], false),
        (After(10), 5) => ([], false),
        (After(0), 200) => ([1, 3, 4, 6, 7, 9, 10], false),
    }
}

pub(crate) async fn pages_around(place: Place) {
    let node = mixed_room(&place).await;
    pages! { node,
        (Around(6), 200) => ([1, 3, 4, 6, 7, 9, 10], false),
        (Around(1000), 200) => ([1, 3, 4, 6, 7, 9, 10], false),
    }
    for (limit, more) in [(2, true), (3, true), (4, true), (5, true), (200, false)] {
        let page = node.page("general", Around(6), limit).await;
        let seqs = numbers(&page.messages);
        assert!(seqs.contains(&6), "{seqs:?} of at most {limit}");
        assert!(seqs.len() <= limit as usize, "{seqs:?} of at most {limit}");
        assert!(seqs.is_sorted(), "{seqs:?}");
        let older = seqs.iter().filter(|&&seq| seq < 6).count();
        let newer = seqs.iter().filter(|&&seq| seq > 6).count();
        assert!(older.abs_diff(newer) <= 1, "{seqs:?}");
        assert_eq!(page.more, more, "{seqs:?} of at most {limit}");
    }
    let page = node.page("general", Around(5), 4).await;
    assert_eq!(
        numbers(&page.messages),
        [3, 4, 6, 7],
        "5 itself is no message"
    );
}

pub(crate) async fn other_kinds_of_events_are_skipped(place: Place) {
    let node = place.node().await;
    node.open("general").await;
    for kind in EventKind::ALL {
        within(node.append(other_event("general", kind)))
            .await
            .unwrap();
    }
    pages! { node,
        (Before(100), 10) => ([1], false),
        (After(0), 10) => ([1], false),
        (After(1), 10) => ([], false),
        (Around(3), 10) => ([1], false),
    }
}

/// Reading may not stop at the first stretch without messages.
pub(crate) async fn far_more_other_events_than_messages_are_skipped(place: Place) {
    let node = place.node().await;
    node.open("general").await;
    node.send("general", "first").await;
    let mut waiting = Vec::new();
    for _ in 0..1500 {
        waiting.push(node.append(other_event("general", EventKind::Reacted)));
    }
    for answer in waiting {
        within(answer).await.unwrap();
    }
    node.send("general", "last").await;
    pages! { node,
        (Before(1502), 2) => ([1], false),
        (Before(1503), 2) => ([1, 1502], false),
        (Before(1503), 1) => ([1502], true),
        (After(1), 2) => ([1502], false),
        (After(0), 1) => ([1], true),
    }
    let joined = node
        .join_with("general", |join| join.limit = 2)
        .await
        .unwrap();
    let rookery_store::Recovery::Messages(messages) = joined.recovery else {
        panic!("no cursor was given");
    };
    assert_eq!(numbers(&messages), [1, 1502]);
}

pub(crate) async fn numbers_out_of_range_are_fine(place: Place) {
    let node = mixed_room(&place).await;
    pages! { node,
        (Before(u64::MAX), 1) => ([10], true),
        (Before(0), 5) => ([], false),
        (After(u64::MAX), 5) => ([], false),
        (Around(0), 2) => ([1], true),
        (Around(u64::MAX), 2) => ([10], true),
    }
    node.open("empty").await;
    for page in [Before(5), After(0), Around(1)] {
        let page = node.page("empty", page, 5).await;
        assert_eq!((page.messages, page.more), (vec![], false));
    }
}

pub(crate) async fn a_room_that_is_not_there_has_no_history(place: Place) {
    let node = place.node().await;
    for page in [Before(5), After(0), Around(1)] {
        let refused = within(node.history(&room("nowhere"), None, page, 5)).await;
        assert!(
            matches!(refused, Err(StoreError::NoSuchRoom(_))),
            "{refused:?}"
        );
    }
}
