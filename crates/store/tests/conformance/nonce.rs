//! A nonce is stored once.

use crate::place::*;

pub(crate) async fn nonce_is_remembered(place: Place) {
    let node = place.node().await;
    node.open("general").await;
    node.send("general", "before").await;
    let first = within(node.append(message_with_nonce("general", "once", "a")))
        .await
        .unwrap();
    node.send("general", "after").await;
    let again = within(node.append(message_with_nonce("general", "twice", "a")))
        .await
        .unwrap();
    assert_eq!((again.seq, again.ts), (2, first.ts));
    assert_eq!(again.epoch, first.epoch);
    assert_eq!(again.event, None);
    assert_eq!(numbers(&node.latest("general").await), [1, 2, 3]);
    assert_eq!(
        node.send("general", "next").await.seq,
        4,
        "no number is lost"
    );
}

pub(crate) async fn nonce_belongs_to_user_and_room(place: Place) {
    let node = place.node().await;
    node.open("a").await;
    node.open("b").await;
    let mut of_another = message_with_nonce("a", "x", "n");
    of_another.user = user_id("u_2");
    for (append, stored) in [
        (message_with_nonce("a", "x", "n"), true),
        (of_another.clone(), true),
        (message_with_nonce("b", "x", "n"), true),
        (message_with_nonce("a", "x", "n"), false),
        (of_another, false),
        (message_with_nonce("b", "x", "n"), false),
    ] {
        let appended = within(node.append(append)).await.unwrap();
        assert_eq!(appended.event.is_some(), stored, "{appended:?}");
    }
}

pub(crate) async fn nonces_and_users_do_not_run_into_each_other(place: Place) {
    let node = place.node().await;
    node.open("a").await;
    let pairs = [
        ("a:b", "c"),
        ("a", "b:c"),
        ("a b", "c"),
        ("a", "b c"),
        ("a", "1"),
        ("a1", "1"),
        ("ü", "漢字"),
        ("ü漢", "字"),
        ("a}", "{b"),
        ("a}{", "b"),
    ];
    for (user, nonce) in pairs {
        let mut append = message_with_nonce("a", "x", nonce);
        append.user = user_id(user);
        let appended = within(node.append(append)).await.unwrap();
        assert!(appended.event.is_some(), "{user:?} {nonce:?}");
    }
    assert_eq!(node.latest("a").await.len(), pairs.len());
}

/// Trimmed or not: asking again is safe.
pub(crate) async fn nonce_outlives_its_event(place: Place) {
    let node = place.node_with(at_most(2)).await;
    node.open("general").await;
    let first = within(node.append(message_with_nonce("general", "x", "a")))
        .await
        .unwrap();
    for number in 0..300 {
        node.send("general", &number.to_string()).await;
    }
    assert_eq!(numbers(&node.latest("general").await), [300, 301]);
    let again = within(node.append(message_with_nonce("general", "x", "a")))
        .await
        .unwrap();
    assert_eq!((again.seq, again.ts, again.event), (1, first.ts, None));
}

pub(crate) async fn nonce_sent_many_times_at_once_is_stored_once(place: Place) {
    let node = place.node().await;
    node.open("general").await;
    let mut answers = Vec::new();
    for _ in 0..50 {
        answers.push(node.append(message_with_nonce("general", "x", "a")));
    }
    let mut stored = 0;
    for answer in answers {
        let appended = within(answer).await.unwrap();
        assert_eq!(appended.seq, 1);
        stored += usize::from(appended.event.is_some());
    }
    assert_eq!(stored, 1);
    assert_eq!(node.latest("general").await.len(), 1);
}

pub(crate) async fn nonce_is_published_once(place: Place) {
    let mut node = place.node().await;
    node.open("general").await;
    for nonce in ["a", "a", "b", "a", "b"] {
        within(node.append(message_with_nonce("general", "x", nonce)))
            .await
            .unwrap();
    }
    let lines = node.lines_so_far().await;
    let seqs: Vec<_> = lines.iter().map(|line| line.seq.unwrap()).collect();
    assert_eq!(seqs, [1, 2]);
}
