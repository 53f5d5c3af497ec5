//! A frame that comes a byte at a time is a frame like any other.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::sleep;

use super::{
    Patient,
    wire::{TEXT, Wire, frame, hello, upgrade_request},
};
use crate::support::room;

/// Writes byte by byte, over about so long.
async fn trickle(wire: &mut Wire, bytes: &[u8], over: Duration) {
    let began = Instant::now();
    for (index, byte) in bytes.iter().enumerate() {
        wire.write(&[*byte]).await;
        let due = over * u32::try_from(index).unwrap() / u32::try_from(bytes.len()).unwrap();
        sleep(due.saturating_sub(began.elapsed())).await;
    }
}

#[tokio::test]
async fn a_byte_at_a_time_arrives_whole_and_holds_up_nobody() {
    let mut patient = Patient::start(&[]).await;
    patient.good.join(&room("slow"), None).await;
    let request = upgrade_request(&patient.node);
    let mut slow = vec![];
    for number in 0..10 {
        let mut wire = Wire::connect(&patient.node).await;
        let request = request.clone();
        slow.push(tokio::spawn(async move {
            trickle(&mut wire, request.as_bytes(), Duration::from_secs(1)).await;
            let mut head = vec![];
            while !head.ends_with(b"\r\n\r\n") {
                use tokio::io::AsyncReadExt;
                head.push(wire.stream.read_u8().await.unwrap());
            }
            trickle(
                &mut wire,
                &hello(&format!("slow-{number}")),
                Duration::from_secs(1),
            )
            .await;
            assert_eq!(wire.json().await["type"], "welcome");
            let text = "slowly ".repeat(20);
            let send = json!({"type": "send", "id": 1, "room": "slow", "text": text});
            trickle(
                &mut wire,
                &frame(TEXT, send.to_string().as_bytes()),
                Duration::from_secs(1),
            )
            .await;
            let ok = wire.json().await;
            assert_eq!(ok["type"], "ok", "{ok}");
        }));
    }
    let mut slowest = Duration::ZERO;
    while slow.iter().any(|task| !task.is_finished()) {
        let asked = Instant::now();
        assert_eq!(
            patient.good.ask(json!({"type": "ping"})).await["type"],
            "pong"
        );
        slowest = slowest.max(asked.elapsed());
        sleep(Duration::from_millis(5)).await;
    }
    for task in slow {
        task.await.unwrap();
    }
    assert!(
        slowest < Duration::from_secs(2),
        "others had to wait {slowest:?}"
    );
    patient.assert_well().await;
}
