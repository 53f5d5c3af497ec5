//! How many events are kept.

use rookery_protocol::{Cursor, client_frame::HistoryPage};
use rookery_store::Recovery;

use crate::place::*;

/// Redis lets go of entries by the hundred; readers must not see that.
pub(crate) async fn no_reader_sees_more_than_the_latest_events(place: Place) {
    let node = place.node_with(at_most(7)).await;
    let start = node.open("general").await;
    let mut sent = Vec::new();
    for total in [1, 6, 7, 8, 9, 350] {
        let more = (sent.len()..total).map(|n| n.to_string());
        sent.extend(node.send_many("general", more).await);
        let latest = sent[total.saturating_sub(7)..].to_vec();

        assert_eq!(node.latest("general").await, latest, "before, of {total}");
        let page = node.page("general", HistoryPage::After(0), 200).await;
        assert_eq!(
            (page.messages, page.more),
            (latest.clone(), false),
            "after, of {total}"
        );
        let page = node.page("general", HistoryPage::Before(u64::MAX), 7).await;
        assert!(!page.more, "of {total}");
        let joined = node.join_with("general", |_| ()).await.unwrap();
        assert_eq!(
            joined.recovery,
            Recovery::Messages(latest.clone()),
            "join, of {total}"
        );

        let oldest = latest[0].seq;
        assert_eq!(node.events_after_seq("general", oldest - 1).await, latest);
        if oldest > 1 {
            assert_eq!(node.events_after_seq("general", oldest - 2).await, []);
            assert_eq!(node.events_after_seq("general", 0).await, []);
        }
        let head = Cursor {
            seq: total as u64,
            ..start.clone()
        };
        assert_eq!(joined.head, head);
    }
}

pub(crate) async fn a_cursor_before_the_oldest_event_gets_messages(place: Place) {
    let node = place.node_with(at_most(5)).await;
    let start = node.open("general").await;
    let sent = node
        .send_many("general", (0..250).map(|n| n.to_string()))
        .await;
    let latest = sent[245..].to_vec();
    for (seq, expected) in [
        (244, Recovery::Messages(latest.clone())),
        (0, Recovery::Messages(latest.clone())),
        (245, Recovery::Events(latest.clone())),
        (249, Recovery::Events(latest[4..].to_vec())),
    ] {
        let since = Cursor {
            seq,
            ..start.clone()
        };
        let joined = node
            .join_with("general", |join| join.since = Some(since))
            .await
            .unwrap();
        assert_eq!(joined.recovery, expected, "since {seq}");
    }
}

pub(crate) async fn without_a_limit_all_is_kept(place: Place) {
    let node = place.node().await;
    node.open("general").await;
    let sent = node
        .send_many("general", (0..1200).map(|n| n.to_string()))
        .await;
    assert_eq!(node.events_after_seq("general", 0).await, sent);
}
