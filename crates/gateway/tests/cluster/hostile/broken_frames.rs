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
    for length in [20_000, 1 << 20, 1 << 30, u64::MAX >> 1, u64::MAX] {
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
async fn too_large_a_frame_is_refused_in_words() {
    let mut patient = Patient::start(&[]).await;
    let mut wire = Wire::welcomed(&patient.node, "large").await;
    wire.write(&head(TEXT, 1 << 30)).await;
    let error = wire.json().await;
    assert_eq!(
        (&error["type"], &error["code"]),
        (&json!("error"), &json!("too_large"))
    );
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("limits.frame_bytes"),
        "{error}"
    );
    assert!(matches!(wire.ending().await, Ending::Code(4500..=4999)));
    patient.assert_well().await;
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

    let part = vec![b'a'; 4000];
    wire.write(&frame(0x01, &part)).await;
    for _ in 0..4 {
        let _ = wire.try_write(&frame(0x00, &part)).await;
    }
    assert!(matches!(wire.ending().await, Ending::Code(4500..=4999)));

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
    for (case, bytes) in [
        ("binary", frame(0x82, b"{\"type\":\"ping\"}")),
        ("no UTF-8", frame(0x81, b"{\"type\":\"\xff\xfe\"}")),
    ] {
        let mut wire = Wire::welcomed(&patient.node, "broken").await;
        wire.write(&bytes).await;
        assert_eq!(wire.ending().await, Ending::Code(4500), "{case}");
    }
    patient.assert_well().await;
}

#[tokio::test]
async fn a_client_that_closes_is_answered() {
    let mut patient = Patient::start(&[]).await;
    for payload in [
        &b""[..],
        &1000u16.to_be_bytes(),
        b"\x03\xe8bye",
        b"\x00",
        b"\xff\xff\xff",
    ] {
        let mut wire = Wire::welcomed(&patient.node, "leaving").await;
        wire.write(&frame(0x88, payload)).await;
        let ending = wire.ending().await;
        assert!(
            matches!(ending, Ending::Code(1000..=1015)),
            "{payload:?}: {ending:?}"
        );
        assert!(wire.is_hung_up(Duration::from_secs(10)).await);
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
