//! What a Redis that refuses is said to do, in words.

use std::time::Duration;

use rookery_store::{BusEvent, CheckStatus, EngineSettings, Store, StoreError, check};
use rookery_testing::RedisServer;

use crate::support::{append, connect, join, join_of, key, room, settings, until};

async fn refusal(url: &str) -> String {
    match Store::connect(settings(url)).await {
        Err(error) => error.to_string(),
        Ok(_) => panic!("{url} serves"),
    }
}

#[tokio::test]
async fn a_wrong_password_is_told_without_showing_it() {
    let redis = RedisServer::start().unwrap();
    redis
        .command(&["CONFIG", "SET", "requirepass", "open"])
        .unwrap();
    let at = format!("127.0.0.1:{}", redis.port());
    let none = refusal(&format!("redis://{at}")).await;
    assert!(none.contains("wants a password"), "{none}");
    let wrong = refusal(&format!("redis://:s3cret@{at}")).await;
    assert!(
        wrong.contains("refuses the user or the password"),
        "{wrong}"
    );
    assert!(!wrong.contains("s3cret") && wrong.contains(&at), "{wrong}");
    let (store, _bus) = connect(&format!("redis://:open@{at}")).await;
    assert_eq!(join(&store, "general").await.head.seq, 0);
    assert!(!format!("{store:?}").contains("open"), "{store:?}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_within_seconds() {
    let mut redis = RedisServer::start().unwrap();
    redis.kill();
    let asked = std::time::Instant::now();
    let words = refusal(&redis.url()).await;
    assert!(
        words.contains("cannot be reached: nothing listens there") && words.contains(&redis.url()),
        "{words}"
    );
    assert!(asked.elapsed().as_secs() < 8);
    let words = refusal("http://127.0.0.1:1").await;
    assert!(words.contains("must begin with redis://"), "{words}");
}

#[tokio::test]
async fn a_redis_that_becomes_a_replica_is_left_and_asked_for_again() {
    let redis = RedisServer::start().unwrap();
    let (store, mut bus) = connect(&redis.url()).await;
    join(&store, "general").await;
    redis.command(&["REPLICAOF", "127.0.0.1", "1"]).unwrap();
    match store.append(append("general", "hi", None, None)).await {
        Err(StoreError::ReadOnly(words)) => {
            assert!(words.contains("read-only replica"), "{words}")
        }
        other => panic!("{other:?}"),
    }
    // A replica may be behind: nothing is read from it either.
    until("it is left", async || !store.is_available()).await;
    for _ in 0..2 {
        let read = store.heads(&[room("general")]).await;
        assert!(matches!(read, Err(StoreError::ReadOnly(_))), "{read:?}");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    redis.command(&["REPLICAOF", "NO", "ONE"]).unwrap();
    // After a fail-over the address may lead elsewhere: the connection is remade.
    let remade = async { while !matches!(bus.next().await, Some(BusEvent::Reconnected)) {} };
    tokio::time::timeout(Duration::from_secs(10), remade)
        .await
        .unwrap();
    let appended = async {
        while store
            .append(append("general", "hi", Some("a"), None))
            .await
            .is_err()
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), appended)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_full_and_a_strange_redis_refuse_without_writing() {
    let redis = RedisServer::start().unwrap();
    let (store, _bus) = connect(&redis.url()).await;
    join(&store, "general").await;
    let refused = async || match store.append(append("general", "hi", None, None)).await {
        Err(StoreError::ReadOnly(words)) => words,
        other => panic!("{other:?}"),
    };
    redis.command(&["CONFIG", "SET", "maxmemory", "1"]).unwrap();
    let words = refused().await;
    assert!(
        words.contains("no memory left") && words.contains("OOM "),
        "{words}"
    );
    redis.command(&["CONFIG", "SET", "maxmemory", "0"]).unwrap();

    // A room whose keys are of a wrong type does not spoil those beside it.
    redis.command(&["SET", &key("head", "bad"), "x"]).unwrap();
    join(&store, "worse").await;
    redis.command(&["SET", &key("log", "worse"), "x"]).unwrap();
    let appends = ["general", "bad", "worse", "none", "general"]
        .map(|room| store.append(append(room, "hi", Some("a"), None)));
    let mut results = Vec::new();
    for append in appends {
        results.push(append.await);
    }
    assert_eq!(
        store.stats().append_calls,
        2,
        "all of them went in one call"
    );
    assert_eq!(results[0].as_ref().unwrap().seq, 1);
    assert!(matches!(&results[1], Err(StoreError::Broken(words)) if words.contains("damaged")));
    assert!(matches!(&results[2], Err(StoreError::Broken(words)) if words.contains("WRONGTYPE")));
    assert!(matches!(&results[3], Err(StoreError::NoSuchRoom(_))));
    assert_eq!(results[4].as_ref().unwrap().event, None, "the same nonce");
    assert_eq!(join(&store, "general").await.head.seq, 1);
}

#[tokio::test]
async fn a_full_redis_makes_no_rooms_and_serves_those_that_are_there() {
    let redis = RedisServer::start().unwrap();
    let (store, _bus) = connect(&redis.url()).await;
    let made = join(&store, "general").await;
    redis.command(&["CONFIG", "SET", "maxmemory", "1"]).unwrap();
    for _ in 0..2 {
        match store.join(join_of("another")).await {
            Err(StoreError::ReadOnly(words)) => {
                assert!(words.contains("no memory left"), "{words}")
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(join(&store, "general").await, made);
    }
    redis.command(&["CONFIG", "SET", "maxmemory", "0"]).unwrap();
    assert_eq!(
        redis.command(&["EXISTS", &key("head", "another")]).unwrap(),
        "0"
    );
    join(&store, "another").await;
}

#[tokio::test]
async fn what_waits_for_redis_is_bounded_and_its_refusal_names_the_setting() {
    let redis = RedisServer::start().unwrap();
    let mut settings = settings(&redis.url());
    let EngineSettings::Redis(engine) = &mut settings.engine else {
        unreachable!()
    };
    engine.waiting_bytes = 2_000;
    let (store, _bus) = Store::connect(settings).await.unwrap();
    join(&store, "general").await;
    // All take their place before any is sent: this thread sends none meanwhile.
    let appends: Vec<_> = (0..20)
        .map(|_| store.append(append("general", "hi", None, None)))
        .collect();
    let (mut stored, mut refused) = (0, 0);
    for append in appends {
        match append.await {
            Ok(_) => stored += 1,
            Err(StoreError::Unavailable(words)) => {
                assert!(words.contains("redis.waiting_bytes"), "{words}");
                refused += 1;
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(
        stored > 0 && refused > 0,
        "{stored} stored, {refused} refused"
    );
    let again = store.append(append("general", "hi", None, None)).await;
    assert!(again.is_ok(), "what waited has left: {again:?}");
}

#[tokio::test]
async fn the_check_says_what_is_wrong() {
    let redis = RedisServer::start().unwrap();
    let lines = check(&settings(&redis.url())).await;
    assert!(
        lines.iter().all(|line| line.status != CheckStatus::Failed),
        "{lines:?}"
    );
    let warned = |words: &str| {
        lines
            .iter()
            .any(|line| line.status == CheckStatus::Warning && line.found.contains(words))
    };
    assert!(warned("append-only file is off"), "{lines:?}");
    assert_eq!(
        redis.command(&["DBSIZE"]).unwrap(),
        "0",
        "nothing is left behind"
    );
    redis.command(&["REPLICAOF", "127.0.0.1", "1"]).unwrap();
    let lines = check(&settings(&redis.url())).await;
    let failed = lines
        .iter()
        .find(|line| line.status == CheckStatus::Failed)
        .unwrap();
    assert!(
        failed.found.contains("read-only replica of 127.0.0.1:1"),
        "{failed:?}"
    );
}
