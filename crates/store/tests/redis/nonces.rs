//! A nonce is known for one to two turns of the hashes that nonces lie in, and
//! no clock that is set makes it less.
//!
//! Hours are not waited for: how long the turn has lasted, and when that was
//! seen, is written as it would stand there, or the server's clock is stepped.
//! Whoever connects looks at once.

use rookery_store::Store;
use rookery_testing::RedisServer;

use crate::support::{append, connect, join, until};

const HASHES: [&str; 2] = ["rookery:nonces:even", "rookery:nonces:odd"];
const TURN: &str = "rookery:nonces:turn";
const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;

/// Whether a message with this nonce is taken for one that is stored already.
async fn is_known(store: &Store, nonce: &str) -> bool {
    let appended = store
        .append(append("general", "hi", Some(nonce), None))
        .await
        .unwrap();
    appended.event.is_none()
}

/// What is known of the turn: its number, its age, and when that was seen.
fn turn(redis: &RedisServer) -> [u64; 3] {
    let held = redis.command(&["GET", TURN]).unwrap();
    let numbers: Vec<u64> = held
        .split_whitespace()
        .map(|number| number.parse().unwrap())
        .collect();
    numbers.try_into().unwrap()
}

fn set_turn(redis: &RedisServer, turn: [u64; 3]) {
    let held = turn.map(|number| number.to_string()).join(" ");
    redis.command(&["SET", TURN, &held]).unwrap();
}

/// Has somebody look at how old the nonces are, and gives what they left.
async fn look(redis: &RedisServer) -> [u64; 3] {
    let before = turn(redis);
    let (_store, _bus) = connect(&redis.url()).await;
    until("somebody looked", async || turn(redis) != before).await;
    turn(redis)
}

/// Looks when `age` milliseconds of the turn have passed; gives its number.
async fn look_at_age(redis: &RedisServer, age: u64) -> u64 {
    let [number, _, seen] = turn(redis);
    set_turn(redis, [number, age, seen]);
    look(redis).await[0]
}

/// A server with a store on it, and a nonce that is known.
async fn with_a_nonce() -> (RedisServer, Store) {
    with_a_nonce_on(RedisServer::start().unwrap()).await
}

async fn with_a_nonce_on(redis: RedisServer) -> (RedisServer, Store) {
    let (store, _bus) = connect(&redis.url()).await;
    join(&store, "general").await;
    until("somebody looked", async || {
        !redis.command(&["GET", TURN]).unwrap().is_empty()
    })
    .await;
    assert!(!is_known(&store, "a").await);
    (redis, store)
}

#[tokio::test]
async fn a_nonce_is_known_for_an_hour_at_least_and_forgotten_after_two_turns() {
    let (redis, store) = with_a_nonce().await;
    assert_eq!(look_at_age(&redis, HOUR_MS).await, 0, "not over yet");
    assert_eq!(look_at_age(&redis, 2 * HOUR_MS).await, 1);
    assert!(is_known(&store, "a").await, "of the turn before");
    assert!(!is_known(&store, "b").await);
    assert_eq!(look_at_age(&redis, HOUR_MS).await, 1);
    assert_eq!(look_at_age(&redis, 2 * HOUR_MS).await, 2);
    assert!(is_known(&store, "b").await, "of the turn before");
    assert!(!is_known(&store, "a").await, "two turns old");
    for hash in HASHES {
        assert_eq!(redis.command(&["HLEN", hash]).unwrap(), "1", "{hash}");
        assert_eq!(redis.command(&["TTL", hash]).unwrap(), "-1", "{hash}");
    }
}

#[tokio::test]
async fn a_clock_that_was_set_ages_nothing() {
    let (redis, store) = with_a_nonce().await;
    let [number, age, seen] = turn(&redis);
    // When it was seen last lies elsewhere: for whoever looks, the clock was set.
    for elsewhere in [
        seen + 3 * HOUR_MS,
        seen - 3 * HOUR_MS,
        seen + 100 * HOUR_MS,
        seen - 100 * HOUR_MS,
    ] {
        set_turn(&redis, [number, age, elsewhere]);
        let [number_then, age_then, _] = look(&redis).await;
        assert_eq!(number_then, number, "set to {elsewhere}, not {seen}");
        assert!(age_then <= age + MINUTE_MS, "{age_then} after {age}");
        assert!(is_known(&store, "a").await);
    }
    assert_eq!(redis.command(&["HLEN", HASHES[0]]).unwrap(), "1");
}

#[tokio::test]
async fn a_server_whose_clock_is_stepped_stores_nothing_twice() {
    let redis = RedisServer::start_with_clock().unwrap();
    let (redis, store) = with_a_nonce_on(redis).await;
    let hour = i64::try_from(HOUR_MS).unwrap();
    for step in [-hour, 3 * hour, -hour, -5 * hour, 10 * hour] {
        redis.step_clock(step).unwrap();
        assert!(is_known(&store, "a").await, "at once behind {step} ms");
        let [number, ..] = look(&redis).await;
        assert_eq!(number, 0, "nothing aged by {step} ms");
        assert!(is_known(&store, "a").await, "looked at behind {step} ms");
    }
    assert!(!is_known(&store, "b").await);
    assert!(is_known(&store, "b").await);
}

#[tokio::test]
async fn where_nobody_looked_yet_nonces_are_remembered_too() {
    let (redis, store) = with_a_nonce().await;
    redis.command(&["DEL", TURN]).unwrap();
    assert!(is_known(&store, "a").await);
    assert!(!is_known(&store, "b").await);
    assert!(is_known(&store, "b").await);
}
