//! A nonce is known for one to two hours: the hashes that nonces lie in take turns.
//!
//! Hours are not waited for. Nonces are made an hour older by putting each hash
//! where it would have been written an hour ago, with the number of that hour.

use rookery_store::Store;
use rookery_testing::RedisServer;

use crate::support::{append, connect, join};

const HOUR_MS: u64 = 3_600_000;
const HASHES: [&str; 2] = ["rookery:nonces:0", "rookery:nonces:1"];

/// What is seen of three nonces while they grow old.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    /// Sent again an hour later.
    after_one: bool,
    /// What is in the hash of the hour after that nonce's, and when it expires.
    of_next_hour: Vec<String>,
    expires_at: u64,
    /// A nonce of the next hour, sent again when that hour is over.
    younger_after_one: bool,
    /// The first, sent again two hours later.
    after_two: bool,
    /// What is then in the hash that it was in.
    taken_over: Vec<String>,
}

#[tokio::test]
async fn a_nonce_is_known_in_the_hour_after_its_own_and_forgotten_after_that() {
    // Where the clock strikes in between, what was seen says nothing.
    let (seen, hour) = loop {
        let redis = RedisServer::start().unwrap();
        let before = hour(&redis);
        let seen = see(&redis, before).await;
        if hour(&redis) == before {
            break (seen, before);
        }
    };
    let field = |nonce: &str| format!("general\0u_1\0{nonce}");
    assert_eq!(
        seen,
        Seen {
            after_one: true,
            of_next_hour: vec!["generation".to_owned(), field("b")],
            expires_at: (hour + 3) * HOUR_MS,
            younger_after_one: true,
            after_two: false,
            taken_over: vec!["generation".to_owned(), field("a")],
        }
    );
}

async fn see(redis: &RedisServer, hour: u64) -> Seen {
    let (store, _bus) = connect(&redis.url()).await;
    join(&store, "general").await;
    let newest = HASHES[(hour % 2) as usize];
    for nonce in ["a", "as old as a"] {
        assert!(!is_known(&store, nonce).await);
    }
    make_an_hour_older(redis);
    let after_one = is_known(&store, "a").await;
    is_known(&store, "b").await;
    let of_next_hour = fields(redis, newest);
    let expires_at = redis.command(&["PEXPIRETIME", newest]).unwrap();
    make_an_hour_older(redis);
    let younger_after_one = is_known(&store, "b").await;
    let after_two = is_known(&store, "a").await;
    Seen {
        after_one,
        of_next_hour,
        expires_at: expires_at.trim().parse().unwrap(),
        younger_after_one,
        after_two,
        taken_over: fields(redis, newest),
    }
}

/// Whether a message with this nonce is taken for one that is stored already.
async fn is_known(store: &Store, nonce: &str) -> bool {
    let appended = store
        .append(append("general", "hi", Some(nonce), None))
        .await
        .unwrap();
    appended.event.is_none()
}

fn make_an_hour_older(redis: &RedisServer) {
    let there = HASHES.map(|hash| redis.command(&["EXISTS", hash]).unwrap().trim() == "1");
    for (hash, _) in HASHES.iter().zip(there).filter(|(_, there)| *there) {
        redis
            .command(&["HINCRBY", hash, "generation", "-1"])
            .unwrap();
        redis
            .command(&["RENAME", hash, &format!("{hash}:aside")])
            .unwrap();
    }
    for (place, hash) in HASHES.iter().enumerate().filter(|(place, _)| there[*place]) {
        redis
            .command(&["RENAME", &format!("{hash}:aside"), HASHES[1 - place]])
            .unwrap();
    }
}

/// The names of the fields of a hash, sorted.
fn fields(redis: &RedisServer, hash: &str) -> Vec<String> {
    let answer = redis.command(&["HKEYS", hash]).unwrap();
    let mut fields: Vec<_> = answer.lines().map(str::to_owned).collect();
    fields.sort_by_key(|field| field != "generation");
    fields
}

/// The hour by the clock of Redis.
fn hour(redis: &RedisServer) -> u64 {
    let time = redis.command(&["TIME"]).unwrap();
    time.lines().next().unwrap().trim().parse::<u64>().unwrap() * 1000 / HOUR_MS
}
