//! A message is edited or deleted: what stood there is nowhere any more.

use rookery_protocol::{EventBody, EventKind, Role, client_frame::HistoryPage};
use rookery_store::{
    Append, Denied, Overwrite, Recovery, Replacement, RoomChange, Step, StoreError, When,
};

use serde_json::json;

use crate::place::*;

/// An event that puts something else in the place of a message.
fn overwriting(id: &str, seq: u64, kind: EventKind, with: Replacement) -> Append {
    let by = r#"{"id":"u_1","name":"Alex \"A\" Ünal"}"#;
    Append {
        overwrite: Some(Overwrite { seq, with }),
        body: EventBody {
            kind,
            fields: format!("\"target\":{seq},\"by\":{by}").into(),
        },
        ..message(id, "")
    }
}

pub(crate) fn deleting(id: &str, seq: u64) -> Append {
    overwriting(id, seq, EventKind::Deleted, Replacement::Deletion)
}

/// The text is what people read, and is written as JSON.
pub(crate) fn editing(id: &str, seq: u64, text: &str) -> Append {
    let text = serde_json::to_vec(text).unwrap().into();
    overwriting(id, seq, EventKind::Edited, Replacement::Text(text))
}

fn text_of(event: &rookery_protocol::Event) -> String {
    String::from_utf8(event.json().to_vec()).unwrap()
}

pub(crate) async fn an_edited_message_is_what_it_was_made(place: Place) {
    const TEXTS: [&str; 3] = [r#"x"},"text":"\"#, r#"quoted "a", \ and {}"#, "b\nü"];
    let mut node = place.node().await;
    node.open("general").await;
    let sent = node
        .send_many("general", ["a", "b\"\\", "c"].map(str::to_owned))
        .await;
    node.lines(3).await;
    for (at, text) in (4..).zip(TEXTS) {
        let edited = within(node.append(editing("general", 2, text)))
            .await
            .unwrap();
        assert_eq!(edited.seq, at, "what happened has a number of its own");
        let told = value(&edited.event.unwrap());
        assert_eq!(
            (&told["type"], &told["target"]),
            (&json!("edited"), &json!(2))
        );
        assert_eq!(
            (&told["text"], &told["ts"]),
            (&json!(text), &json!(edited.ts))
        );
        let published = &node.lines(1).await[0];
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&published.data).unwrap(),
            told
        );
        let latest = node.latest("general").await;
        assert_eq!(latest.len(), 3, "an edit is no message");
        assert_eq!((&latest[0], &latest[2]), (&sent[0], &sent[2]));
        let mut wanted = value(&sent[1]);
        wanted["text"] = text.into();
        wanted["edited_at"] = edited.ts.into();
        assert_eq!(value(&latest[1]), wanted);
        // Who catches up gets all as it is now.
        let raw = node.events_after_seq("general", 0).await;
        assert_eq!(raw[..3], latest[..]);
        for event in &raw[3..] {
            assert_eq!(value(event)["text"], text);
        }
    }
    let raw = node.events_after_seq("general", 4).await;
    assert_eq!(
        value(&raw[0])["text"],
        TEXTS[2],
        "also where the message is not among them"
    );
    within(node.append(deleting("general", 2))).await.unwrap();
    for event in node.events_after_seq("general", 0).await {
        let event = value(&event);
        let has_text = event["type"] == "message" && event["deleted"] != true;
        assert_eq!(event.get("text").is_some(), has_text, "{event}");
    }
}

fn value(event: &rookery_protocol::Event) -> serde_json::Value {
    serde_json::from_slice(event.json()).unwrap()
}

pub(crate) async fn only_who_wrote_a_message_edits_it(place: Place) {
    let node = place.node_with(at_most(3)).await;
    node.open("general").await;
    node.send_many("general", (1..=4).map(|n| n.to_string()))
        .await;
    let by_other = Append {
        user: user_id("other"),
        ..editing("general", 3, "x")
    };
    let refused = within(node.append(by_other)).await.unwrap_err();
    assert!(
        matches!(
            refused,
            StoreError::Denied {
                denied: Denied::Role,
                ..
            }
        ),
        "{refused:?}"
    );
    for seq in [0, 1, 5, 99] {
        let refused = within(node.append(editing("general", seq, "x"))).await;
        let expected =
            matches!(&refused, Err(StoreError::NoSuchMessage { seq: of, .. }) if *of == seq);
        assert!(expected, "{seq}: {refused:?}");
    }
    assert_eq!(node.open("general").await.seq, 4, "nothing was stored");
    // What is out of sight is told of by nothing.
    within(node.append(editing("general", 2, "secret")))
        .await
        .unwrap();
    node.send("general", "one more").await;
    let raw = node.events_after_seq("general", 4).await;
    assert_eq!(value(&raw[0]).get("text"), None, "{raw:?}");
}

pub(crate) async fn a_deleted_message_is_in_no_page_and_in_its_place(place: Place) {
    let mut node = place.node().await;
    let start = node.open("general").await;
    let sent = node
        .send_many("general", ["a", "b", "c"].map(str::to_owned))
        .await;
    node.lines(3).await;
    let delete = deleting("general", 2);
    let deleted = within(node.append(delete.clone())).await.unwrap();
    assert_eq!(node.lines(1).await[0].kind, "deleted");
    assert_eq!(
        node.latest("general").await,
        [sent[0].clone(), sent[2].clone()]
    );
    for page in [
        HistoryPage::Before(4),
        HistoryPage::After(0),
        HistoryPage::Around(2),
    ] {
        let page = node.page("general", page, 10).await;
        assert_eq!(page.messages, [sent[0].clone(), sent[2].clone()]);
    }
    let joined = node
        .join_with("general", |join| join.since = Some(start))
        .await;
    let Recovery::Events(raw) = joined.unwrap().recovery else {
        panic!("all is there");
    };
    assert_eq!(raw.len(), 4);
    assert!(
        text_of(&raw[1]).ends_with(r#","deleted":true}"#),
        "{}",
        text_of(&raw[1])
    );
    assert!(!text_of(&raw[1]).contains("text"));
    assert_eq!(raw[3], deleted.event.clone().unwrap());

    let again = within(node.append(delete)).await.unwrap();
    assert_eq!(
        (again.seq, again.event),
        (deleted.seq, None),
        "it is told of the first"
    );
    let edit = editing("general", 2, "late");
    let refused = within(node.append(edit)).await;
    assert!(
        matches!(refused, Err(StoreError::NoSuchMessage { seq: 2, .. })),
        "{refused:?}"
    );
    assert_eq!(node.open("general").await.seq, 4, "nothing was stored");
}

pub(crate) async fn what_is_anothers_is_deleted_by_who_keeps_order(place: Place) {
    let node = place.node().await;
    let member = |user: &str, role| Step::Rank {
        user: user_id(user),
        role: Some(role),
        when: When::Stranger,
    };
    let kind = rookery_protocol::server_frame::RoomKind::Private;
    let made = RoomChange {
        room: room("staff"),
        by: user_id("admin"),
        least: None,
        known: None,
        steps: vec![
            Step::Make {
                kind,
                name: String::new(),
            },
            member("admin", Role::Admin),
            member("u_1", Role::Member),
            member("other", Role::Member),
        ],
    };
    within(node.change_room(&made)).await.unwrap();
    node.send_many("staff", ["a", "b", "c"].map(str::to_owned))
        .await;
    let by = |user: &str, seq| Append {
        user: user_id(user),
        ..deleting("staff", seq)
    };
    let denied = async |append| match within(node.append(append)).await {
        Err(StoreError::Denied { denied, .. }) => denied,
        other => panic!("{other:?}"),
    };
    assert_eq!(denied(by("other", 1)).await, Denied::Role);
    assert_eq!(denied(by("u_", 1)).await, Denied::Hidden);
    within(node.append(by("admin", 1))).await.unwrap();
    within(node.append(by("u_1", 3))).await.unwrap();
    let left = node.latest("staff").await;
    assert_eq!(numbers(&left), [2]);
}

pub(crate) async fn what_is_not_there_is_not_overwritten(place: Place) {
    let node = place.node_with(at_most(3)).await;
    node.open("general").await;
    node.send_many("general", (1..=4).map(|n| n.to_string()))
        .await;
    let reaction = other_event("general", EventKind::Reacted);
    within(node.append(reaction)).await.unwrap();
    for (seq, why) in [
        (0, "no number"),
        (1, "trimmed"),
        (5, "no message"),
        (6, "not written yet"),
    ] {
        let refused = within(node.append(deleting("general", seq))).await;
        let expected = matches!(&refused, Err(StoreError::NoSuchMessage { seq: of, room: id }) if *of == seq && *id == room("general"));
        assert!(expected, "{why}: {refused:?}");
    }
    assert_eq!(node.open("general").await.seq, 5);
    within(node.append(deleting("general", 3))).await.unwrap();
    // One less is to be seen now, but what was out of sight stays so.
    let seqs: Vec<_> = node
        .latest("general")
        .await
        .iter()
        .map(|event| event.seq)
        .collect();
    assert_eq!(seqs, [2, 4]);
}

/// A nonce that is sent again deletes nothing once more, and is no refusal.
pub(crate) async fn an_overwriting_event_has_a_nonce_too(place: Place) {
    let node = place.node().await;
    node.open("general").await;
    node.send("general", "a").await;
    let delete = Append {
        nonce: message_with_nonce("general", "", "n").nonce,
        ..deleting("general", 1)
    };
    let first = within(node.append(delete.clone())).await.unwrap();
    let again = within(node.append(delete)).await.unwrap();
    assert_eq!(
        (again.seq, again.ts, again.event),
        (first.seq, first.ts, None)
    );
}

/// Several that are made at once, in one call.
pub(crate) async fn overwriting_goes_in_the_order_of_appends(place: Place) {
    let node = place.node().await;
    node.open("general").await;
    let appends = [
        message("general", "a"),
        editing("general", 1, "b"),
        message("general", "c"),
        editing("general", 1, "d"),
        deleting("general", 3),
        editing("general", 3, "too late"),
    ];
    let waiting: Vec<_> = appends
        .into_iter()
        .map(|append| node.append_later(append))
        .collect();
    node.send_appends();
    let mut seqs = Vec::new();
    for appended in waiting {
        seqs.push(within(appended).await.map(|appended| appended.seq).ok());
    }
    assert_eq!(seqs, [Some(1), Some(2), Some(3), Some(4), Some(5), None]);
    let latest = node.latest("general").await;
    assert_eq!(latest.len(), 1);
    assert_eq!(value(&latest[0])["text"], "d");
}

/// On Redis, where everything can be searched.
pub(crate) async fn a_deleted_text_is_in_no_key(mut place: Place) {
    const TEXT: &str = "a text that is looked for";
    let node = place.node().await;
    node.open("general").await;
    node.send("general", "before").await;
    node.send("general", TEXT).await;
    node.send("general", "after").await;
    assert!(holding(&mut place, TEXT).len() == 1, "it can be found");
    within(node.append(deleting("general", 2))).await.unwrap();
    assert_eq!(holding(&mut place, TEXT), [""; 0]);
}

/// The keys whose dump holds a text.
fn holding(place: &mut Place, text: &str) -> Vec<String> {
    let server = place.server();
    let keys = server.command(&["--scan"]).unwrap();
    let holds = |key: &&str| server.command(&["DUMP", key]).unwrap().contains(text);
    keys.lines().filter(holds).map(str::to_owned).collect()
}

/// An append-only file has it until it is rewritten.
pub(crate) async fn a_rewritten_append_only_file_has_no_deleted_text(_: Place) {
    const TEXT: &str = "a text that is looked for";
    let mut place =
        Place::Redis(rookery_testing::RedisServer::start_with_append_only_file().unwrap());
    let node = place.node().await;
    node.open("general").await;
    node.send("general", TEXT).await;
    within(node.append(deleting("general", 1))).await.unwrap();
    let server = place.server();
    assert!(server.files_hold(TEXT).unwrap(), "it can be found");
    server.command(&["BGREWRITEAOF"]).unwrap();
    eventually("the file is rewritten", async || {
        let server = place.server();
        let info = server.command(&["INFO", "persistence"]).unwrap();
        let ended =
            info.contains("aof_rewrite_in_progress:0") && info.contains("aof_rewrite_scheduled:0");
        (ended && !server.files_hold(TEXT).unwrap()).then_some(())
    })
    .await;
}
