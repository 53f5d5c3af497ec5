//! Twenty thousand sockets gone at once, while others go on coming in.
//!
//! The sockets are held by processes of their own (this test binary again),
//! which are killed: that is as much at once as it gets.

use std::{
    io::{BufRead, BufReader},
    net::{Ipv4Addr, SocketAddr},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rookery_client::{RawConnection, connect_tcp};
use serde_json::json;
use tokio::time::sleep;

use super::{
    Patient,
    wire::{hello, join},
};
use crate::support::{Raw, room, soon};

/// How many are to be dropped, where the machine lets one process have as many.
const SOCKETS: usize = 20_000;
const HOLDERS: usize = 2;
/// Every so many says hello and joins a room; the others are upgraded only.
const JOINED_ONE_IN: usize = 8;
const HOLD: &str = "ROOKERY_TEST_HOLD";

#[tokio::test]
async fn twenty_thousand_dropped_at_once_keep_nobody_out() {
    let settings = [
        ("limits.hello_ms", "120000"),
        ("limits.connections_per_user", "0"),
        ("log.level", "warn"),
    ];
    let mut patient = Patient::start(&settings).await;
    let count = SOCKETS.min(open_files_limit() - 500);
    let idle_files = patient.node.open_files();
    let target = patient.node.ws();
    let holders: Vec<_> = (0..HOLDERS)
        .map(|number| Holder::start(&target, count / HOLDERS, number))
        .collect();
    for holder in &holders {
        soon_ready(holder).await;
    }
    assert!(patient.node.open_files() >= idle_files + count / HOLDERS * HOLDERS);
    patient.assert_well().await;
    let full = patient.node.resident_kib();

    drop(holders); // killed, both
    let dropped = Instant::now();
    let mut slowest = Duration::ZERO;
    let mut came = 0;
    while patient.node.open_files() > idle_files + 100
        || dropped.elapsed() < Duration::from_secs(2)
        || came < 5
    {
        let coming = Instant::now();
        let mut new = Raw::hello(&patient.node, "newcomer").await;
        new.join(&room("general"), None).await;
        slowest = slowest.max(coming.elapsed());
        came += 1;
        assert!(
            dropped.elapsed() < Duration::from_secs(60),
            "still {} open",
            patient.node.open_files()
        );
    }
    println!(
        "{count} sockets, {full} KiB; all gone after {:?}; {came} came in meanwhile, the slowest in {slowest:?}",
        dropped.elapsed()
    );
    assert!(
        slowest < Duration::from_secs(10),
        "somebody waited {slowest:?}"
    );
    patient.assert_well().await;
}

/// Waits until a holder holds all its sockets.
async fn soon_ready(holder: &Holder) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !holder.ready.is_finished() {
        assert!(
            Instant::now() < deadline,
            "the sockets are not open in time"
        );
        sleep(Duration::from_millis(50)).await;
    }
}

/// How many files one process may have open.
fn open_files_limit() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let hard = line
        .and_then(|line| line.split_whitespace().nth(4))
        .unwrap();
    hard.parse().unwrap_or(usize::MAX)
}

/// A process that holds sockets until it is killed.
struct Holder {
    process: Child,
    ready: std::thread::JoinHandle<()>,
}

impl Holder {
    fn start(target: &str, count: usize, number: usize) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args([
                "--ignored",
                "--exact",
                "--nocapture",
                "hostile::mass_drop::hold",
            ])
            .env(HOLD, format!("{target} {count} {number}"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let ready = std::thread::spawn(move || {
            let ready = output
                .lines()
                .map_while(Result::ok)
                .any(|line| line.contains("holding"));
            assert!(ready, "the holder ended");
        });
        Self { process, ready }
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What a holder process does; of no use by itself.
#[tokio::test]
#[ignore = "started by twenty_thousand_dropped_at_once_keep_nobody_out"]
async fn hold() {
    let Ok(order) = std::env::var(HOLD) else {
        return;
    };
    let mut words = order.split(' ');
    let target = words.next().unwrap();
    let count: usize = words.next().unwrap().parse().unwrap();
    let number: u8 = words.next().unwrap().parse().unwrap();
    rlimit::increase_nofile_limit(u64::MAX).unwrap();
    // Each holder from an address of its own: an address has some 28,000 ports.
    let from = SocketAddr::from((Ipv4Addr::new(127, 0, 1, number + 1), 0));
    let mut held = Vec::with_capacity(count);
    for index in 0..count {
        let mut stream = connect_tcp(target, Some(from)).await.unwrap();
        if index % JOINED_ONE_IN == 0 {
            let connection = RawConnection::upgrade(stream, target, &[]).await.unwrap();
            stream = connection.into_inner().into_inner();
            let user = format!("held-{number}-{index}");
            let both = [hello(&user), join(&room(&format!("held-{}", index % 100)))].concat();
            soon(
                "writing",
                tokio::io::AsyncWriteExt::write_all(&mut stream, &both),
            )
            .await
            .unwrap();
        } else {
            let connection = RawConnection::upgrade(stream, target, &[]).await.unwrap();
            stream = connection.into_inner().into_inner();
        }
        held.push(stream);
    }
    let last = held.len();
    println!("holding {}", json!(last));
    // Until it is killed; a bound for the case that nobody does.
    sleep(Duration::from_secs(300)).await;
}
