//! Coming back with a cursor: whole, or a fresh snapshot, never a part.

use serde_json::{Value, json};

use crate::support::{Cluster, Raw, room};

/// Writes that many messages into the room.
async fn write(raw: &mut Raw, count: usize) {
    for number in 0..count {
        let send = json!({"type": "send", "room": "general", "text": format!("text {number}")});
        assert_eq!(raw.ask(send).await["type"], "ok");
    }
}

fn seqs(events: &Value) -> Vec<u64> {
    let events = events.as_array().expect("a list");
    events
        .iter()
        .map(|event| event["seq"].as_u64().unwrap())
        .collect()
}

#[tokio::test]
async fn a_connection_resumes_on_another_node_where_it_left_off() {
    resumes_where_it_left_off(Cluster::start(2).await).await;
}

#[tokio::test]
async fn a_connection_resumes_where_it_left_off_with_a_redis_far_away() {
    resumes_where_it_left_off(Cluster::start_far_away(2, &[]).await).await;
}

async fn resumes_where_it_left_off(cluster: Cluster) {
    let general = room("general");
    let mut author = Raw::hello(&cluster.nodes[0], "author").await;
    let mut first = Raw::hello(&cluster.nodes[0], "alex").await;
    let snapshot = first.join(&general, None).await;
    assert_eq!(
        (&snapshot["recovered"], &snapshot["messages"]),
        (&json!(false), &json!([]))
    );
    write(&mut author, 3).await;
    let left_at = loop {
        let frame = first.next().await;
        if frame["seq"] == 2 {
            break json!({"epoch": snapshot["epoch"], "seq": 2});
        }
    };
    drop(first);
    write(&mut author, 4).await;

    let mut second = Raw::hello(&cluster.nodes[1], "alex").await;
    let resumed = second.join(&general, Some(left_at)).await;
    assert_eq!(resumed["recovered"], true);
    assert_eq!(resumed["epoch"], snapshot["epoch"]);
    assert_eq!(seqs(&resumed["events"]), [3, 4, 5, 6, 7]);
    assert_eq!(resumed["seq"], 7);
    write(&mut author, 2).await;
    for seq in [8, 9] {
        let message = loop {
            let frame = second.next().await;
            if frame["type"] == "message" {
                break frame;
            }
        };
        assert_eq!(message["seq"], seq, "live events follow the answer");
    }
}

#[tokio::test]
async fn a_cursor_that_cannot_be_served_whole_gets_a_snapshot() {
    let cluster = Cluster::start_with(1, &[("limits.catch_up", "20")]).await;
    let general = room("general");
    let mut raw = Raw::hello(&cluster.nodes[0], "alex").await;
    let epoch = raw.join(&general, None).await["epoch"].clone();
    write(&mut raw, 30).await;
    for (case, cursor) in [
        ("too far behind", json!({"epoch": epoch, "seq": 3})),
        ("of another log", json!({"epoch": "another", "seq": 25})),
        ("ahead of the log", json!({"epoch": epoch, "seq": 31})),
    ] {
        let mut again = Raw::hello(&cluster.nodes[0], "alex").await;
        let snapshot = again.join(&general, Some(cursor)).await;
        assert_eq!(snapshot["recovered"], false, "{case}");
        assert_eq!(
            seqs(&snapshot["messages"]),
            (1..=30).collect::<Vec<_>>(),
            "{case}"
        );
    }
    for (behind, cursor) in [(20, 10), (1, 29), (0, 30)] {
        let mut again = Raw::hello(&cluster.nodes[0], "alex").await;
        let cursor = json!({"epoch": epoch, "seq": cursor});
        let resumed = again.join(&general, Some(cursor)).await;
        assert_eq!(resumed["recovered"], true, "{behind} behind");
        assert_eq!(seqs(&resumed["events"]).len(), behind);
    }
}

#[tokio::test]
async fn history_is_read_in_pages_on_any_node() {
    let cluster = Cluster::start(2).await;
    let mut raw = Raw::hello(&cluster.nodes[0], "alex").await;
    raw.join(&room("general"), None).await;
    write(&mut raw, 12).await;
    let mut other = Raw::hello(&cluster.nodes[1], "bea").await;
    for (page, wanted, more) in [
        (json!({"before": 5, "limit": 3}), vec![2, 3, 4], true),
        (json!({"before": 3, "limit": 3}), vec![1, 2], false),
        (json!({"after": 9, "limit": 2}), vec![10, 11], true),
        (json!({"after": 9, "limit": 5}), vec![10, 11, 12], false),
    ] {
        let mut ask = page.clone();
        ask["type"] = "history".into();
        ask["room"] = "general".into();
        let answer = other.ask(ask).await;
        assert_eq!(seqs(&answer["messages"]), wanted, "{page}");
        assert_eq!(answer["more"], more, "{page}");
    }
}

#[tokio::test]
async fn a_join_without_an_id_is_not_answered_and_receives_all_the_same() {
    let cluster = Cluster::start(1).await;
    let mut raw = Raw::hello(&cluster.nodes[0], "alex").await;
    let join = json!({"type": "join", "room": "general"});
    raw.connection.send(join.to_string()).await.unwrap();
    let mut until = async |kind: &str| loop {
        let frame = raw.next().await;
        assert_ne!(frame["type"], "ok", "{frame}");
        if frame["type"] == kind {
            break frame;
        }
    };
    assert_eq!(until("presence").await["user"]["id"], "alex");
    let mut author = Raw::hello(&cluster.nodes[0], "author").await;
    write(&mut author, 1).await;
    assert_eq!(until("message").await["seq"], 1);
}
