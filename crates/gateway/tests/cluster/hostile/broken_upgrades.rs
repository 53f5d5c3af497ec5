//! HTTP that is none, and upgrades that are not sound.

use std::time::Duration;

use tokio::io::AsyncReadExt;

use super::{
    Patient,
    wire::{Wire, frame, hello, upgrade_request},
};
use crate::support::{Node, request, soon};

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
        (
            "a key of the wrong length",
            sound.replace("dGhlIHNhbXBsZSBub25jZQ==", "c2hvcnQ="),
        ),
        (
            "a key that is no base64",
            sound.replace("dGhlIHNhbXBsZSBub25jZQ==", "!!!!IHNhbXBsZSBub25jZQ=="),
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

/// The whole answer of a node that hangs up behind it.
async fn answer(node: &Node, request: &str) -> String {
    let mut wire = Wire::connect(node).await;
    wire.write(request.as_bytes()).await;
    let mut answer = String::new();
    soon("the answer", wire.stream.read_to_string(&mut answer))
        .await
        .unwrap();
    answer
}

#[tokio::test]
async fn who_does_not_ask_for_a_websocket_is_told_how() {
    let mut patient = Patient::start(&[]).await;
    let sound = upgrade_request(&patient.node);
    for (case, request, words) in [
        (
            "a proxy that drops `Upgrade`",
            sound
                .replace("Upgrade: websocket\r\n", "")
                .replace("Connection: Upgrade\r\n", ""),
            "a proxy in between",
        ),
        (
            "a proxy that drops `Connection`",
            sound.replace("Connection: Upgrade\r\n", ""),
            "a proxy in between",
        ),
        (
            "an old version",
            sound.replace("Version: 13", "Version: 8"),
            "version 13",
        ),
        (
            "no version",
            sound.replace("Sec-WebSocket-Version: 13\r\n", ""),
            "version 13",
        ),
    ] {
        let answer = answer(&patient.node, &request).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let head = head.to_ascii_lowercase();
        assert!(head.starts_with("http/1.1 426 "), "{case}: {head}");
        for line in [
            "upgrade: websocket",
            "connection: upgrade",
            "sec-websocket-version: 13",
        ] {
            assert!(head.contains(line), "{case}: {head}");
        }
        assert!(body.contains(words), "{case}: {body}");
    }
    patient.assert_well().await;
}

#[tokio::test]
async fn an_upgrade_is_http_1_1_and_has_no_body() {
    let mut patient = Patient::start(&[]).await;
    let sound = upgrade_request(&patient.node);
    let with = |header: &str| sound.replace("Connection: ", &format!("{header}\r\nConnection: "));
    for (case, request, words) in [
        (
            "HTTP/1.0",
            sound.replace("HTTP/1.1", "HTTP/1.0"),
            "HTTP/1.1",
        ),
        (
            "a body",
            format!("{}hello", with("Content-Length: 5")),
            "no body",
        ),
        ("a body to come", with("Content-Length: 5"), "no body"),
        ("an identity body", with("Transfer-Encoding: identity"), ""),
        (
            "a chunked body",
            format!("{}0\r\n\r\n", with("Transfer-Encoding: chunked")),
            "",
        ),
    ] {
        let answer = answer(&patient.node, &request).await;
        assert!(answer.starts_with("HTTP/1.1 4"), "{case}: {answer}");
        assert!(answer.contains(words), "{case}: {answer}");
    }
    let mut wire = Wire::connect(&patient.node).await;
    wire.write(with("Content-Length: 0").as_bytes()).await;
    wire.write(&hello("nobody")).await;
    let mut head = vec![];
    while !head.ends_with(b"\r\n\r\n") {
        head.push(soon("the upgrade", wire.stream.read_u8()).await.unwrap());
    }
    assert_eq!(wire.json().await["type"], "welcome");
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
