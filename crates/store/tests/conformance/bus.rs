//! What is published, and the bus that carries it.

use rookery_store::BusEvent;

use crate::place::*;

pub(crate) async fn appends_are_published_in_order(place: Place) {
    let mut node = place.node().await;
    let epoch = node.open("a").await.epoch;
    node.open("b").await;
    let mut of_a = Vec::new();
    let mut answers = Vec::new();
    for number in 0..40 {
        let id = if number % 4 == 3 { "b" } else { "a" };
        answers.push((id, node.append(message(id, &format!("\"{number}\"\n👩‍👩‍👧‍👦")))));
    }
    for (id, answer) in answers {
        let event = within(answer).await.unwrap().event.unwrap();
        if id == "a" {
            of_a.push(event);
        }
    }
    let lines = node.lines(40).await;
    assert_eq!(lines.len(), 40);
    assert_eq!(
        lines
            .iter()
            .filter(|line| line.room.as_deref() == Some("b"))
            .count(),
        10
    );
    let published = lines
        .iter()
        .filter(|line| line.room.as_deref() == Some("a"));
    let published: Vec<Line> = published.cloned().collect();
    assert_eq!(published.len(), of_a.len());
    for (line, event) in published.iter().zip(&of_a) {
        let expected = Line {
            server_id: "n_1".to_owned(),
            kind: "message".to_owned(),
            room: Some("a".to_owned()),
            epoch: Some(epoch.to_string()),
            seq: Some(event.seq),
            expires_at: None,
            data: String::from_utf8(event.json().to_vec()).unwrap(),
        };
        assert_eq!(line, &expected);
    }
}

pub(crate) async fn a_lifetime_stands_in_the_envelope(place: Place) {
    let mut node = place.node_with(short_lived(60_000)).await;
    node.open("event:party").await;
    let appended = node.send("event:party", "x").await;
    let line = node.lines(1).await.remove(0);
    assert_eq!(line.expires_at, Some(appended.ts + 60_000));
    assert_eq!(line.data.as_bytes(), appended.event.unwrap().json());
}

pub(crate) async fn ephemeral_payloads_come_as_they_are(place: Place) {
    let mut node = place.node().await;
    let payload = concat!(
        "{\"server_id\":\"n_1\",\"type\":\"typing\",\"room\":\"a\",\"data\":{\"on\":\"ü👍\"}}\n",
        "{\"server_id\":\"n_1\",\"type\":\"probe\",\"data\":7}\n",
    );
    within(node.publish(payload.as_bytes().to_vec()))
        .await
        .unwrap();
    match node.next().await {
        Some(BusEvent::Payload(came)) => assert_eq!(&*came, payload),
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn what_is_not_text_is_refused(place: Place) {
    let mut node = place.node().await;
    assert!(within(node.publish(vec![0xff, 0xfe])).await.is_err());
    assert_eq!(node.lines_so_far().await, []);
}

pub(crate) async fn the_bus_can_be_made_anew(place: Place) {
    let mut node = place.node().await;
    node.open("general").await;
    for _ in 0..3 {
        node.reconnect_bus();
        while !matches!(node.next().await.unwrap(), BusEvent::Reconnected) {}
        let seq = node.send("general", "x").await.seq;
        assert_eq!(node.lines(1).await[0].seq, Some(seq));
    }
}

pub(crate) async fn a_slow_reader_is_told_and_goes_on(place: Place) {
    let mut node = place.node().await;
    node.open("general").await;
    // Nothing is read meanwhile, and no bus holds this many.
    for number in 0..12_000 {
        let payload = format!(
            "{number}
"
        )
        .into_bytes();
        within(node.publish(payload)).await.unwrap();
    }
    within(node.publish(b"end\n".to_vec())).await.unwrap();
    let mut lagged = 0;
    loop {
        match node.next().await.unwrap() {
            BusEvent::Lagged(missed) => lagged += missed,
            BusEvent::Payload(payload) if payload.ends_with("end\n") => break,
            BusEvent::Payload(_) => {}
            BusEvent::Reconnected => panic!("nothing was cut"),
        }
    }
    assert!(lagged > 0, "what was missed has to be told");
    let seq = node.send("general", "x").await.seq;
    assert_eq!(node.lines(1).await[0].seq, Some(seq));
}

pub(crate) async fn nobody_has_to_listen(place: Place) {
    let Node { store, bus } = place.node().await;
    drop(bus);
    let node = Node::connect(place.settings("n_2")).await;
    drop(node.bus);
    store
        .join(rookery_store::Join {
            room: room("general"),
            user: user_id("u_1"),
            since: None,
            limit: 1,
            catch_up: 0,
            create: true,
            known: None,
        })
        .await
        .unwrap();
    for expected in 1..=5 {
        assert_eq!(
            within(store.append(message("general", "x")))
                .await
                .unwrap()
                .seq,
            expected
        );
    }
    store.reconnect_bus();
}

pub(crate) async fn the_bus_ends_with_the_store(place: Place) {
    let Node { store, mut bus } = place.node().await;
    let clone = store.clone();
    drop(store);
    clone.publish(b"x\n".to_vec()).await.unwrap();
    assert!(matches!(
        within(bus.next()).await,
        Some(BusEvent::Payload(_))
    ));
    drop(clone);
    while let Some(event) = within(bus.next()).await {
        assert!(!matches!(event, BusEvent::Payload(_)));
    }
}

pub(crate) async fn a_ping_is_answered(place: Place) {
    let node = place.node().await;
    let first = within(node.ping()).await.unwrap();
    assert!(first.round_trip < DEADLINE);
    let second = within(node.ping()).await.unwrap();
    let passed = second.time_ms.abs_diff(first.time_ms);
    assert!(first.time_ms > 1_600_000_000_000 && u128::from(passed) < DEADLINE.as_millis());
    assert!(node.is_available());
}
