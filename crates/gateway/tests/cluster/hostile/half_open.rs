//! Sockets that are opened and then say nothing, at every stage.

use std::time::{Duration, Instant};

use super::{
    Patient,
    wire::{Ending, Wire, frame, hello, upgrade_request},
};
use crate::support::Node;

const IMPATIENT: (&str, &str) = ("limits.hello_ms", "1000");

#[tokio::test]
async fn silence_at_any_stage_is_ended_in_time() {
    let mut patient = Patient::start(&[IMPATIENT]).await;
    let half_a_request = &upgrade_request(&patient.node)[..60].to_owned();
    let half_a_hello = &hello("slow")[..40].to_owned();
    let mut silent = vec![];
    let began = Instant::now();
    for _ in 0..20 {
        let connected = Wire::connect(&patient.node).await;
        let mut half_requested = Wire::connect(&patient.node).await;
        half_requested.write(half_a_request.as_bytes()).await;
        silent.push(("only connected", connected));
        silent.push(("half an upgrade request", half_requested));
    }
    for _ in 0..20 {
        let upgraded = Wire::upgraded(&patient.node).await;
        let mut half_said = Wire::upgraded(&patient.node).await;
        half_said.write(half_a_hello).await;
        for mut wire in [upgraded, half_said] {
            assert_eq!(wire.ending().await, Ending::Code(4502));
            assert!(began.elapsed() >= Duration::from_millis(900));
        }
        if began.elapsed() > Duration::from_secs(4) {
            break; // each took a second
        }
    }
    for (stage, mut wire) in silent {
        assert!(
            wire.is_hung_up(Duration::from_secs(10)).await,
            "{stage} is kept for good"
        );
    }
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "{:?}",
        began.elapsed()
    );
    patient.assert_well().await;
}

#[tokio::test]
async fn chatter_does_not_put_off_the_hello() {
    let mut patient = Patient::start(&[IMPATIENT]).await;
    let began = Instant::now();
    let mut wire = Wire::upgraded(&patient.node).await;
    let ping = frame(0x89, b"");
    while began.elapsed() < Duration::from_secs(8) && wire.try_write(&ping).await {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let peek = tokio::time::timeout(Duration::from_millis(1), wire.frame()).await;
        if let Ok(Some((0x88, payload))) = peek {
            assert_eq!(payload[..2], 4502u16.to_be_bytes());
            break;
        }
    }
    assert!(
        began.elapsed() < Duration::from_secs(8),
        "{:?}",
        began.elapsed()
    );
    patient.assert_well().await;
}

#[tokio::test]
async fn a_welcomed_client_that_falls_silent_is_dropped_after_two_heartbeats() {
    let node = Node::start(&[("heartbeat_ms", "2000")]).await;
    let mut wire = Wire::welcomed(&node, "silent").await;
    let began = Instant::now();
    assert_eq!(wire.ending().await, Ending::Code(4003));
    let silent = began.elapsed();
    assert!(
        silent >= Duration::from_millis(3900) && silent < Duration::from_secs(12),
        "{silent:?}"
    );

    // Who answers pings stays.
    let mut wire = Wire::welcomed(&node, "answering").await;
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(6) {
        let (first, payload) = wire.frame().await.expect("it stays");
        assert_eq!(first, 0x89, "a ping");
        wire.write(&frame(0x8a, &payload)).await;
    }
}
