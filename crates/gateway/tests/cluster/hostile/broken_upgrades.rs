//! HTTP that is none, and upgrades that are not sound.

use std::time::Duration;

use tokio::io::AsyncReadExt;

use super::{
    Patient,
    wire::{Wire, frame, hello, upgrade_request},
};
use crate::support::{request, soon};

#[tokio::test]
async fn an_unsound_upgrade_is_refused_with_a_status() {
    let mut patient = Patient::start(&[]).await;
    let sound = upgrade_request(&patient.node);
    for (case, broken) in [
        ("no upgrade", sound.replace("Upgrade: websocket\r\n", "")),
        (
            "another upgrade",
            sound.replace("Upgrade: websocket", "Upgrade: h2c"),
        ),
        (
            "no key",
            sound.replace("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", ""),
        ),
        ("an old version", sound.replace("Version: 13", "Version: 8")),
        (
            "no version",
            sound.replace("Sec-WebSocket-Version: 13\r\n", ""),
        ),
        ("a POST", sound.replace("GET ", "POST ")),
        ("another path", sound.replace("/ws", "/wss")),
    ] {
        let closing = broken.replace("Connection: Upgrade", "Connection: Upgrade, close");
        let (status, _) = request(patient.node.address(), &closing)
            .await
            .unwrap_or_else(|error| panic!("{case}: {error}"));
        assert!((400..=426).contains(&status), "{case}: {status}");
    }
    patient.assert_well().await;
}

#[tokio::test]
async fn what_is_no_http_is_refused_or_cut() {
    let mut patient = Patient::start(&[]).await;
    let long_line = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(200_000));
    let long_headers = format!(
        "GET / HTTP/1.1\r\nHost: a\r\n{}\r\n",
        "X-Y: z\r\n".repeat(50_000)
    );
    let smuggled = "POST /ws HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    for (case, bytes) in [
        ("garbage", b"\x00\x01\x02\xff\xfe\r\n\r\n".to_vec()),
        (
            "TLS",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".repeat(40),
        ),
        ("a long line", long_line.into_bytes()),
        ("long headers", long_headers.into_bytes()),
        ("two lengths", smuggled.as_bytes().to_vec()),
        (
            "a frame without an upgrade",
            frame(0x81, b"{\"type\":\"ping\"}").repeat(50),
        ),
    ] {
        let mut wire = Wire::connect(&patient.node).await;
        let _ = wire.try_write(&bytes).await;
        assert!(
            wire.is_hung_up(Duration::from_secs(15)).await,
            "{case} was kept"
        );
    }
    patient.assert_well().await;
}

#[tokio::test]
async fn frames_right_behind_the_upgrade_request_are_not_lost() {
    let mut patient = Patient::start(&[]).await;
    let mut wire = Wire::connect(&patient.node).await;
    let mut bytes = upgrade_request(&patient.node).into_bytes();
    bytes.extend(hello("eager"));
    bytes.extend(frame(0x81, br#"{"type":"ping","id":1}"#));
    wire.write(&bytes).await;
    let mut head = vec![];
    while !head.ends_with(b"\r\n\r\n") {
        head.push(soon("the upgrade", wire.stream.read_u8()).await.unwrap());
    }
    assert_eq!(wire.json().await["type"], "welcome");
    assert_eq!(wire.json().await["type"], "pong");
    patient.assert_well().await;
}
