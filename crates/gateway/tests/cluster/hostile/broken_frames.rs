//! RFC 6455 broken: lengths that lie, fragments, masks, opcodes.

use std::time::Duration;

use serde_json::json;

use super::{
    Patient,
    wire::{Ending, TEXT, Wire, frame, head},
};

#[tokio::test]
async fn an_announced_gigabyte_takes_no_memory() {
    let mut patient = Patient::start(&[]).await;
    let before = patient.node.resident_kib();
    let piece = vec![b'a'; 64 * 1024];
    for length in [(1 << 20) + 1, 1 << 30, u64::MAX >> 1, u64::MAX] {
        for _ in 0..10 {
            let mut wire = Wire::welcomed(&patient.node, "huge").await;
            let mut begun = head(TEXT, length);
            begun.extend([1, 2, 3, 4]);
            wire.write(&begun).await;
            // 4 MB of it, as far as they are taken.
            for _ in 0..64 {
                if !wire.try_write(&piece).await {
                    break;
                }
            }
            assert!(
                wire.is_hung_up(Duration::from_secs(10)).await,
                "{length} was not refused"
            );
        }
    }
    let grown = patient.node.resident_kib().saturating_sub(before);
    assert!(grown < 12 * 1024, "{grown} KiB more");
    patient.assert_well().await;
}

#[tokio::test]
async fn far_too_large_a_frame_is_refused_in_words_and_the_client_may_come_back() {
    let mut patient = Patient::start(&[]).await;
    let mut wire = Wire::welcomed(&patient.node, "large").await;
    wire.write(&head(TEXT, 1 << 30)).await;
    assert_too_large(&wire.json().await);
    assert_eq!(wire.ending().await, Ending::Code(4009));
    patient.assert_well().await;
}

fn assert_too_large(error: &serde_json::Value) {
    assert_eq!(
        (&error["type"], &error["code"]),
        (&json!("error"), &json!("too_large"))
    );
    let words = error["message"].as_str().unwrap();
    assert!(words.contains("limits.frame_bytes"), "{error}");
}

#[tokio::test]
async fn too_large_a_message_is_passed_over_and_the_connection_goes_on() {
    let mut patient = Patient::start(&[]).await;
    let before = patient.node.resident_kib();
    let mut wires = vec![];
    for _ in 0..20 {
        let mut wire = Wire::welcomed(&patient.node, "large").await;
        // It is told of before its bytes have come.
        wire.write(&head(TEXT, 1 << 20)).await;
        wire.write(&[1, 2, 3, 4]).await;
        assert_too_large(&wire.json().await);
        wire.write(&vec![0xff; 1 << 20]).await;
        wire.write(&frame(TEXT, br#"{"type":"ping","id":7}"#)).await;
        assert_eq!(wire.json().await["id"], 7);
        // Another that never ends.
        wire.write(&head(TEXT, 1 << 20)).await;
        wire.write(&[1, 2, 3, 4]).await;
        wire.write(&vec![0xff; 1 << 19]).await;
        wires.push(wire);
    }
    let grown = patient.node.resident_kib().saturating_sub(before);
    assert!(grown < 8 * 1024, "{grown} KiB more");
    patient.assert_well().await;
}

#[tokio::test]
async fn what_is_passed_over_costs_as_much_as_it_is_large() {
    let limits = [("limits.send_rate", "1"), ("limits.send_burst", "10")];
    let mut patient = Patient::start(&limits).await;
    let mut wire = Wire::welcomed(&patient.node, "large").await;
    // Eight times the limit, twice: more than the burst, not as much as two of them.
    for _ in 0..2 {
        wire.write(&head(TEXT, 8 * 65_536)).await;
        wire.write(&[1, 2, 3, 4]).await;
        wire.write(&vec![0xff; 8 * 65_536]).await;
        assert_too_large(&wire.json().await);
    }
    wire.write(&head(TEXT, 8 * 65_536)).await;
    wire.write(&[1, 2, 3, 4]).await;
    assert_eq!(wire.ending().await, Ending::Code(4008));
    assert!(patient.node.is_running());
}

#[tokio::test]
async fn fragments_are_put_together_and_counted_together() {
    let mut patient = Patient::start(&[]).await;
    let mut wire = Wire::welcomed(&patient.node, "parts").await;
    for (first, part) in [(0x01, r#"{"type":"#), (0x00, r#""ping","#)] {
        wire.write(&frame(first, part.as_bytes())).await;
        wire.write(&frame(0x89, b"inside")).await;
        assert_eq!(
            wire.frame().await,
            Some((0x8a, b"inside".to_vec())),
            "a pong between"
        );
    }
    wire.write(&frame(0x80, br#""id":3}"#)).await;
    assert_eq!(wire.json().await["id"], 3);

    let part = vec![b'a'; 20_000];
    wire.write(&frame(0x01, &part)).await;
    for _ in 0..4 {
        wire.write(&frame(0x00, &part)).await;
    }
    wire.write(&frame(0x80, &part)).await;
    assert_too_large(&wire.json().await);
    wire.write(&frame(TEXT, br#"{"type":"ping","id":4}"#)).await;
    assert_eq!(wire.json().await["id"], 4, "it is told of once");

    // Fragments of nothing, without end.
    let mut wire = Wire::welcomed(&patient.node, "nothing").await;
    let before = patient.node.resident_kib();
    wire.write(&frame(0x01, b"")).await;
    let many: Vec<u8> = std::iter::repeat_n(frame(0x00, b""), 100_000)
        .flatten()
        .collect();
    let _ = wire.try_write(&many).await;
    assert!(patient.node.resident_kib() < before + 4 * 1024);
    patient.assert_well().await;
}

#[tokio::test]
async fn what_breaks_the_framing_is_closed_and_nothing_worse() {
    let mut patient = Patient::start(&[]).await;
    let unmasked = [&[0x81, 15][..], br#"{"type":"ping"}"#].concat();
    for (case, bytes) in [
        ("unmasked", unmasked),
        ("reserved bits", frame(0xc1, b"{}")),
        ("unknown opcode", frame(0x83, b"x")),
        ("unknown control opcode", frame(0x8b, b"x")),
        ("a long ping", frame(0x89, &[0; 126])),
        ("a long close", frame(0x88, &[3, 232, b'a'].repeat(50))),
        ("a fragmented close", frame(0x08, b"")),
        (
            "a length longer than it need be",
            [&[0x81, 0x80 | 126, 0, 2, 0, 0, 0, 0][..], b"{}"].concat(),
        ),
        (
            "a long length longer than it need be",
            [&[0x81, 0xff, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0][..], b"{}"].concat(),
        ),
        ("half a close code", frame(0x88, b"\x03")),
        (
            "a close code below 1000",
            frame(0x88, &999u16.to_be_bytes()),
        ),
        (
            "a close code that means none",
            frame(0x88, &1005u16.to_be_bytes()),
        ),
        (
            "a close code that means lost",
            frame(0x88, &1006u16.to_be_bytes()),
        ),
        ("a reserved close code", frame(0x88, &1004u16.to_be_bytes())),
        (
            "a close code of the future",
            frame(0x88, &2999u16.to_be_bytes()),
        ),
        ("a close code beyond all", frame(0x88, &[0xff; 2])),
        ("a fragmented ping", frame(0x09, b"x")),
        ("a continuation of nothing", frame(0x80, b"x")),
        (
            "a message in a message",
            [frame(0x01, b"{"), frame(0x81, b"{}")].concat(),
        ),
    ] {
        let mut wire = Wire::welcomed(&patient.node, "broken").await;
        wire.write(&bytes).await;
        assert_eq!(wire.ending().await, Ending::Code(1002), "{case}");
    }
    let mut wire = Wire::welcomed(&patient.node, "broken").await;
    wire.write(&frame(0x82, b"{\"type\":\"ping\"}")).await;
    assert_eq!(wire.ending().await, Ending::Code(4500), "binary");
    patient.assert_well().await;
}

#[tokio::test]
async fn a_text_that_is_no_utf8_is_closed_with_1007_when_its_wrong_byte_comes() {
    let mut patient = Patient::start(&[]).await;
    let broken = frame(TEXT, b"{\"type\":\"\xff and what never comes");
    for (case, bytes) in [
        ("whole", frame(TEXT, b"{\"type\":\"\xff\xfe\"}")),
        ("a frame cut short", broken[..20].to_vec()),
        ("a fragment", frame(0x01, b"{\"\xed\xa0\x80")),
        (
            "a character cut over fragments",
            [frame(0x01, b"{\"\xe2\x82"), frame(0x00, b"\x22")].concat(),
        ),
        (
            "a character that never ends",
            [frame(0x01, b"{\"\xe2"), frame(0x80, b"")].concat(),
        ),
        ("the reason of a close", frame(0x88, b"\x03\xe8\xc3")),
    ] {
        let mut wire = Wire::welcomed(&patient.node, "broken").await;
        wire.write(&bytes).await;
        assert_eq!(wire.ending().await, Ending::Code(1007), "{case}");
    }
    let mut wire = Wire::welcomed(&patient.node, "sound").await;
    let text = r#"{"type":"ping","id":"€😀"}"#.as_bytes();
    let (begin, end) = text.split_at(text.len() - 4);
    wire.write(&[frame(0x01, begin), frame(0x80, end)].concat())
        .await;
    assert_eq!(wire.json().await["id"], "€😀");
    patient.assert_well().await;
}

#[tokio::test]
async fn a_client_that_closes_is_answered_with_its_own_code() {
    let mut patient = Patient::start(&[]).await;
    for payload in [
        &b""[..],
        &1000u16.to_be_bytes(),
        &3000u16.to_be_bytes(),
        &4999u16.to_be_bytes(),
        b"\x03\xe8bye",
        b"\x0f\xa0gr\xc3\xbc\xc3\x9fe",
    ] {
        let mut wire = Wire::welcomed(&patient.node, "leaving").await;
        wire.write(&frame(0x88, payload)).await;
        let code = match payload {
            [high, low, ..] => u16::from_be_bytes([*high, *low]),
            _ => 1005,
        };
        assert_eq!(wire.ending().await, Ending::Code(code), "{payload:?}");
        assert!(wire.is_hung_up(Duration::from_secs(10)).await);
    }
    patient.assert_well().await;
}

/// A node's own limits, which most tests lift.
const LIMITS: [(&str, &str); 2] = [("limits.send_rate", "50"), ("limits.send_burst", "200")];

#[tokio::test]
async fn frames_that_say_nothing_are_a_flood_like_any_other() {
    let mut patient = Patient::start(&LIMITS).await;
    for (case, begin, flood) in [
        ("pongs", vec![], frame(0x8a, b"")),
        ("long pongs", vec![], frame(0x8a, &[7; 125])),
        ("empty fragments", frame(0x01, b""), frame(0x00, b"")),
        ("short fragments", frame(0x01, b"{"), frame(0x00, b" ")),
        (
            "parts of what is passed over",
            [head(0x01, 65_537), vec![0; 4 + 65_537]].concat(),
            frame(0x00, b""),
        ),
    ] {
        let mut wire = Wire::welcomed(&patient.node, "flooding").await;
        wire.write(&begin).await;
        let many = flood.repeat(1000);
        // Far more than a burst of anything.
        for _ in 0..100 {
            if !wire.try_write(&many).await {
                break;
            }
        }
        assert_eq!(wire.ending().await, Ending::Code(4008), "{case}");
    }
    patient.assert_well().await;
}

#[tokio::test]
async fn who_answers_pings_and_cuts_messages_into_parts_never_notices() {
    let mut patient = Patient::start(&LIMITS).await;
    let mut wire = Wire::welcomed(&patient.node, "honest").await;
    wire.write(&frame(0x8a, b"unasked").repeat(200)).await;
    // A message as long as may be, in parts as some libraries make them.
    let text = format!(r#"{{"type":"ping","id":1,"x":"{}"}}"#, "x".repeat(65_000));
    for round in 0..5 {
        let mut parts = text.as_bytes().chunks(1024).peekable();
        let mut first = 0x01;
        while let Some(part) = parts.next() {
            let last = if parts.peek().is_none() { 0x80 } else { 0 };
            wire.write(&frame(first | last, part)).await;
            first = 0;
        }
        assert_eq!(wire.json().await["type"], "pong", "{round}");
    }
    for id in 0..100 {
        let ping = json!({"type": "ping", "id": id});
        wire.write(&frame(TEXT, ping.to_string().as_bytes())).await;
        let pong = wire.json().await;
        assert_eq!((&pong["type"], &pong["id"]), (&json!("pong"), &json!(id)));
    }
    patient.assert_well().await;
}

/// Pings cost an answer each; who never reads them is not fed without end.
#[tokio::test]
async fn a_flood_of_pings_that_are_never_read_takes_no_memory() {
    let mut patient = Patient::start(&[]).await;
    let before = patient.node.resident_kib();
    let many: Vec<u8> = std::iter::repeat_n(frame(0x89, &[7; 125]), 500)
        .flatten()
        .collect();
    let mut wires = vec![];
    for _ in 0..5 {
        let mut wire = Wire::welcomed(&patient.node, "pinging").await;
        for _ in 0..500 {
            let writing = tokio::time::timeout(Duration::from_millis(100), wire.try_write(&many));
            if !matches!(writing.await, Ok(true)) {
                break;
            }
        }
        wires.push(wire);
    }
    let grown = patient.node.resident_kib().saturating_sub(before);
    assert!(grown < 24 * 1024, "{grown} KiB more");
    patient.assert_well().await;
}
