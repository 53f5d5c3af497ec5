//! A nonce outlives its event by an hour, and no clock that is set makes it less.
//!
//! Hours are not waited for: how old the partition is, and when that was seen, is
//! written as it would stand there, or the server's clock is stepped. Whoever
//! connects lets it grow older at once.

use rookery_store::{Partition, Settings, Store};
use rookery_testing::RedisServer;

use crate::support::{append, connect, join, key, room, settings, until};

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;
/// A log is trimmed once for so many messages beyond its limit.
const TRIM_EVERY: usize = 64;

/// Whether a message with this nonce is taken for one that is stored already.
async fn is_known(store: &Store, nonce: &str) -> bool {
    let appended = store
        .append(append("general", "hi", Some(nonce), None))
        .await
        .unwrap();
    appended.event.is_none()
}

fn partition() -> String {
    format!(
        "rookery:{{{}}}:partition",
        Partition::of_room(&room("general"))
    )
}

/// For how long the partition has lived, and when that was seen, in milliseconds.
fn age(redis: &RedisServer) -> [u64; 2] {
    let held = redis.command(&["GET", &partition()]).unwrap();
    let words: Vec<_> = held.split(' ').collect();
    [words[1].parse().unwrap(), words[2].parse().unwrap()]
}

fn set_age(redis: &RedisServer, [age, seen]: [u64; 2]) {
    let held = redis.command(&["GET", &partition()]).unwrap();
    let words: Vec<_> = held.splitn(4, ' ').collect();
    let held = format!("{} {age} {seen} {}", words[0], words[3]);
    redis.command(&["SET", &partition(), &held]).unwrap();
}

/// Has somebody look, and gives what they left.
async fn look(redis: &RedisServer) -> [u64; 2] {
    let before = age(redis);
    let (_store, _bus) = connect(&redis.url()).await;
    until("somebody looked", async || age(redis) != before).await;
    age(redis)
}

/// A store that keeps few messages.
fn forgetful(redis: &RedisServer) -> Settings {
    let mut settings = settings(&redis.url());
    settings.retention.max_messages = 5;
    settings
}

/// A store whose first message has the nonce `a` and is trimmed already.
async fn with_a_nonce(redis: &RedisServer) -> Store {
    let (store, _bus) = Store::connect(forgetful(redis)).await.unwrap();
    join(&store, "general").await;
    assert!(!is_known(&store, "a").await);
    fill(&store).await;
    assert!(is_known(&store, "a").await, "it outlives its event");
    store
}

/// Writes until what was there before is trimmed.
async fn fill(store: &Store) {
    for _ in 0..2 * TRIM_EVERY {
        let filling = append("general", "hi", None, None);
        store.append(filling).await.unwrap();
    }
}

/// The fields of the log.
fn length(redis: &RedisServer) -> usize {
    let length = redis.command(&["HLEN", &key("log", "general")]).unwrap();
    length.parse().unwrap()
}

#[tokio::test]
async fn a_nonce_is_known_for_an_hour_at_least_and_then_forgotten() {
    let redis = RedisServer::start().unwrap();
    let store = with_a_nonce(&redis).await;
    let [age_then, seen] = age(&redis);
    set_age(&redis, [age_then + HOUR_MS, seen]);
    fill(&store).await;
    assert!(is_known(&store, "a").await);
    set_age(&redis, [age_then + 2 * HOUR_MS, seen]);
    fill(&store).await;
    assert!(!is_known(&store, "a").await, "nothing is left of it");
    assert!(is_known(&store, "a").await, "now it is another one");
    until("texts are trimmed and nonces forgotten", async || {
        length(&redis) < 5 + 2 * TRIM_EVERY
    })
    .await;
}

/// Also in a room that nobody writes to.
#[tokio::test]
async fn old_nonces_are_forgotten_by_themselves() {
    let redis = RedisServer::start().unwrap();
    let _store = with_a_nonce(&redis).await;
    let due = partition().replace(":partition", ":due");
    until("the room is looked at again later", async || {
        !redis
            .command(&["ZSCORE", &due, "general"])
            .unwrap()
            .is_empty()
    })
    .await;
    let [age_then, seen] = age(&redis);
    set_age(&redis, [age_then + 2 * HOUR_MS, seen]);
    redis.command(&["ZADD", &due, "0", "general"]).unwrap();
    until(
        "nothing is left but messages that can be seen",
        async || length(&redis) == 5,
    )
    .await;
}

#[tokio::test]
async fn a_clock_that_was_set_ages_nothing() {
    let redis = RedisServer::start().unwrap();
    let store = with_a_nonce(&redis).await;
    let [age_then, seen] = age(&redis);
    // When it was seen last lies elsewhere: for whoever looks, the clock was set.
    for elsewhere in [
        seen + 3 * HOUR_MS,
        seen - 3 * HOUR_MS,
        seen + 100 * HOUR_MS,
        seen - 100 * HOUR_MS,
    ] {
        set_age(&redis, [age_then, elsewhere]);
        let [aged, _] = look(&redis).await;
        assert!(aged <= age_then + MINUTE_MS, "{aged} after {age_then}");
        fill(&store).await;
        assert!(is_known(&store, "a").await);
    }
}

#[tokio::test]
async fn a_server_whose_clock_is_stepped_stores_nothing_twice() {
    let redis = RedisServer::start_with_clock().unwrap();
    let store = with_a_nonce(&redis).await;
    let hour = i64::try_from(HOUR_MS).unwrap();
    for step in [-hour, 3 * hour, -hour, -5 * hour, 10 * hour] {
        redis.step_clock(step).unwrap();
        assert!(is_known(&store, "a").await, "at once behind {step} ms");
        let [aged, _] = look(&redis).await;
        assert!(aged < 10 * MINUTE_MS, "{aged} ms of age by {step} ms");
        fill(&store).await;
        assert!(is_known(&store, "a").await, "looked at behind {step} ms");
    }
    assert!(!is_known(&store, "b").await);
    assert!(is_known(&store, "b").await);
}
