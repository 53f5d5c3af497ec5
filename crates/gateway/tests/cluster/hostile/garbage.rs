//! Text frames that say nothing, or too much.

use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::json;

use super::{
    Patient,
    wire::{Ending, TEXT, Wire, frame},
};

#[tokio::test]
async fn what_is_no_frame_of_the_protocol_is_closed_with_4500() {
    let mut patient = Patient::start(&[]).await;
    for garbage in [
        "",
        " ",
        "null",
        "7",
        "\"hello\"",
        "[]",
        "{}",
        "{\"type\":7}",
        "{\"type\":null}",
        "{\"type\":\"ping\"",
        "{\"type\":\"ping\"}}",
        "{'type':'ping'}",
        "GET / HTTP/1.1\r\n\r\n",
        "{\"type\":\"\\ud800\"}",
        "\u{feff}{\"type\":\"ping\"}",
        "NaN",
        "{\"type\":\"ping\",}",
    ] {
        let mut wire = Wire::welcomed(&patient.node, "bad").await;
        wire.write(&frame(TEXT, garbage.as_bytes())).await;
        assert_eq!(wire.ending().await, Ending::Code(4500), "{garbage:?}");
    }
    patient.assert_well().await;
}

#[tokio::test]
async fn a_frame_with_wrong_content_is_answered_and_the_connection_goes_on() {
    let mut patient = Patient::start(&[]).await;
    let mut wire = Wire::welcomed(&patient.node, "bad").await;
    for wrong in [
        json!({"type": "no such type"}),
        json!({"type": "join"}),
        json!({"type": "join", "room": ""}),
        json!({"type": "join", "room": "a b"}),
        json!({"type": "join", "room": "x".repeat(65)}),
        json!({"type": "join", "room": 7}),
        json!({"type": "join", "room": "r", "since": {"epoch": "e"}}),
        json!({"type": "join", "room": "r", "since": {"epoch": "e", "seq": -1}}),
        json!({"type": "join", "room": "r", "since": {"epoch": "e", "seq": 1e300}}),
        json!({"type": "join", "room": "r", "limit": 0}),
        json!({"type": "join", "room": "r", "limit": 4_000_000_000u32}),
        json!({"type": "send", "room": "general"}),
        json!({"type": "send", "room": "general", "text": "x", "nonce": ""}),
        json!({"type": "send", "room": "general", "text": "x", "nonce": "n".repeat(65)}),
        json!({"type": "send", "room": "general", "text": "x", "reply_to": "one"}),
        json!({"type": "send", "room": "general", "text": "x", "meta": [1]}),
        json!({"type": "send", "room": "general", "text": "x", "meta": {"big": "x".repeat(5000)}}),
        json!({"type": "history", "room": "general"}),
        json!({"type": "history", "room": "general", "before": 1, "after": 1}),
        json!({"type": "history", "room": "general", "before": 1, "limit": 201}),
        json!({"type": "typing", "room": "general"}),
        json!({"type": "typing", "room": "nowhere", "on": true}),
        json!({"type": "leave", "room": "../../etc"}),
        json!({"type": "edit", "room": "general", "target": 1, "text": "x"}),
    ] {
        let mut asked = wrong.clone();
        asked["id"] = "mine".into();
        wire.write(&frame(TEXT, asked.to_string().as_bytes())).await;
        let answer = wire.json().await;
        assert_eq!(
            (&answer["type"], &answer["id"]),
            (&json!("error"), &json!("mine")),
            "{wrong}"
        );
        assert!(!answer["message"].as_str().unwrap().is_empty(), "{wrong}");
    }
    wire.write(&frame(
        TEXT,
        br#"{"type":"ping","id":5,"unknown":{"field":[1,2]}}"#,
    ))
    .await;
    let pong = wire.json().await;
    assert_eq!((&pong["type"], &pong["id"]), (&json!("pong"), &json!(5)));
    patient.assert_well().await;
}

#[tokio::test]
async fn nesting_however_deep_costs_nothing() {
    let mut patient = Patient::start(&[]).await;
    let depth = 5000;
    let (open, shut) = ("[".repeat(depth), "]".repeat(depth));
    let objects = format!("{}1{}", "{\"a\":".repeat(2500), "}".repeat(2500));
    for text in [
        open.clone(),
        format!("{open}{shut}"),
        objects.clone(),
        format!(r#"{{"type":"ping","unknown":{open}{shut}}}"#),
        format!(r#"{{"type":{open}{shut}}}"#),
        format!(r#"{{"type":"send","room":"general","text":"x","meta":{objects}}}"#),
        format!(r#"{{"type":"send","room":"general","text":"x","meta":{{"a":{open}{shut}}}}}"#),
        format!(r#"{{"type":"ping","id":{open}{shut}}}"#),
    ] {
        let mut wire = Wire::welcomed(&patient.node, "deep").await;
        wire.write(&frame(TEXT, text.as_bytes())).await;
        // Whether it is answered or closed: the node says so and lives.
        let (first, payload) = wire.frame().await.expect("an answer or a close");
        let said = String::from_utf8_lossy(&payload);
        let known = first == 0x88 || said.contains("\"error\"") || said.contains("\"pong\"");
        assert!(known, "{said}");
    }
    patient.assert_well().await;
}

#[tokio::test]
async fn random_bytes_and_mutations_of_good_frames_do_no_harm() {
    let mut patient = Patient::start(&[]).await;
    let mut rng = StdRng::seed_from_u64(7);
    let good = json!({"type": "send", "id": 1, "room": "general", "text": "hi", "nonce": "n",
        "meta": {"a": [1, 2, {"b": null}]}})
    .to_string();
    for round in 0..150 {
        let mut payload = good.clone().into_bytes();
        for _ in 0..rng.random_range(1..6) {
            let at = rng.random_range(0..payload.len());
            payload[at] = rng.random();
        }
        let mut bytes = frame(TEXT, &payload);
        if round % 3 == 0 {
            bytes = (0..rng.random_range(1..600))
                .map(|_| rng.random())
                .collect();
        }
        let mut wire = Wire::welcomed(&patient.node, "random").await;
        let _ = wire.try_write(&bytes).await;
    }
    patient.assert_well().await;
}
