//! Connections that stay open and bring nothing: as where the address of this
//! node towards Redis has become somebody else's, or a wall drops every packet.

use std::time::{Duration, Instant};

use rookery_store::{BusEvent, EngineSettings, RedisSettings, Settings, Store, StoreError};
use rookery_testing::{Proxy, RedisServer};

use crate::support::{append, connect, join, next, room, seqs, settings, until, until_reconnected};

/// How long an answer may take in these tests.
const TIMEOUT: Duration = Duration::from_millis(700);

fn through(proxy: &Proxy, command_timeout: Duration) -> Settings {
    Settings {
        engine: EngineSettings::Redis(RedisSettings {
            command_timeout_ms: command_timeout.as_millis().try_into().unwrap(),
            connect_timeout_ms: 1_000,
            ..RedisSettings::new(proxy.redis_url())
        }),
        ..settings("")
    }
}

/// Writes to Redis again and again, as a node does, whatever comes of it.
fn keep_asking(store: &Store) -> tokio::task::JoinHandle<()> {
    let store = store.clone();
    tokio::spawn(async move {
        loop {
            let store = store.clone();
            tokio::spawn(async move { store.ping().await });
            tokio::time::sleep(TIMEOUT / 10).await;
        }
    })
}

#[tokio::test]
async fn connections_that_bring_nothing_are_replaced_though_they_are_written_to() {
    let redis = RedisServer::start().unwrap();
    let proxy = Proxy::to_port(redis.port()).unwrap();
    let (store, mut bus) = Store::connect(through(&proxy, TIMEOUT)).await.unwrap();
    join(&store, "general").await;
    let asking = keep_asking(&store);
    for seq in 1..=2 {
        proxy.strand();
        until("it is back", async || {
            let nonce = format!("n{seq}");
            let append = append("general", "hi", Some(&nonce), None);
            store.append(append).await.is_ok()
        })
        .await;
        // Both connections are made anew, and both serve.
        until_reconnected(&mut bus).await;
        until("the channel is back", async || {
            let published = store.publish(b"{}".to_vec()).await;
            published.is_ok() && heard(&mut bus).await
        })
        .await;
    }
    asking.abort();
}

/// Whether a payload comes soon.
async fn heard(bus: &mut rookery_store::Bus) -> bool {
    let hearing = async { while !matches!(next(bus).await, BusEvent::Payload(_)) {} };
    tokio::time::timeout(TIMEOUT, hearing).await.is_ok()
}

#[tokio::test]
async fn a_subscription_that_nobody_probes_is_replaced_too() {
    let redis = RedisServer::start().unwrap();
    let proxy = Proxy::to_port(redis.port()).unwrap();
    let (store, mut bus) = Store::connect(through(&proxy, TIMEOUT)).await.unwrap();
    join(&store, "general").await;
    proxy.strand();
    // Once for each of the two connections.
    until_reconnected(&mut bus).await;
    until_reconnected(&mut bus).await;
    store
        .append(append("general", "hi", None, None))
        .await
        .unwrap();
    assert_eq!(seqs(&next(&mut bus).await), [1]);
}

#[tokio::test]
async fn a_quiet_connection_is_kept() {
    let redis = RedisServer::start().unwrap();
    let proxy = Proxy::to_port(redis.port()).unwrap();
    let (store, _bus) = Store::connect(through(&proxy, Duration::from_millis(200)))
        .await
        .unwrap();
    // Longer than silence is borne: nobody but the store itself asks anything.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(store.is_available());
    assert_eq!(proxy.connections(), 2);
}

#[tokio::test]
async fn attempts_that_hang_are_given_up_and_leave_nothing_behind() {
    let redis = RedisServer::start().unwrap();
    let proxy = Proxy::to_port(redis.port()).unwrap();
    let (store, _bus) = Store::connect(through(&proxy, TIMEOUT)).await.unwrap();
    join(&store, "general").await;
    proxy.hold();
    proxy.cut();
    until("several attempts are made", async || {
        proxy.connections() >= 3
    })
    .await;
    proxy.release();
    until("it is back", async || store.ping().await.is_ok()).await;
    until("only what is used is left", async || {
        proxy.connections() == 2
    })
    .await;
}

#[tokio::test]
async fn nothing_waits_longer_than_an_answer_may_take() {
    /// More than travel in a dozen calls.
    const MANY: usize = 6_500;
    let redis = RedisServer::start().unwrap();
    let proxy = Proxy::to_port(redis.port()).unwrap();
    let timeout = Duration::from_secs(2);
    let (store, _bus) = Store::connect(through(&proxy, timeout)).await.unwrap();
    join(&store, "general").await;
    let asking = keep_asking(&store);
    proxy.hold();
    let asked = Instant::now();
    let mut waiting = tokio::task::JoinSet::new();
    for number in 0..MANY {
        let appended = store.append(append("general", &number.to_string(), None, None));
        waiting.spawn(async move { appended.await.map(drop) });
        let store = store.clone();
        waiting.spawn(async move { store.online(&room("general")).await.map(drop) });
    }
    store.send_appends();
    while let Some(outcome) = waiting.join_next().await {
        let outcome = outcome.unwrap();
        assert!(
            matches!(outcome, Err(StoreError::Unavailable(_))),
            "{outcome:?}"
        );
    }
    let took = asked.elapsed();
    assert!(took < timeout * 3, "{took:?}");
    asking.abort();
    // What was refused is not stored later.
    proxy.release();
    until("it is back", async || store.ping().await.is_ok()).await;
    let stored = join(&store, "general").await.head.seq;
    assert!(stored <= 512, "{stored} of those that were refused");
}

/// The kernel's timers of the sockets that are connected to this port.
#[cfg(target_os = "linux")]
fn timers(port: u16) -> Vec<String> {
    const ESTABLISHED: &str = "01";
    let to = format!(":{port:04X}");
    let sockets = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let sockets = sockets
        .lines()
        .skip(1)
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    sockets
        .filter(|socket| socket[2].ends_with(&to) && socket[3] == ESTABLISHED)
        .map(|socket| socket[5].split(':').next().unwrap().to_owned())
        .collect()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_kernel_asks_on_quiet_sockets_whether_the_other_end_is_there() {
    const KEEPALIVE: &str = "02";
    let redis = RedisServer::start().unwrap();
    let (_store, _bus) = connect(&redis.url()).await;
    until("both sockets are kept alive", async || {
        timers(redis.port()) == [KEEPALIVE; 2]
    })
    .await;
}
