//! What is made in a row leaves together.

use rookery_testing::RedisServer;

use crate::support::{append, connect, join, until};

/// With threads of its own, so that the store could send before it is told to.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_appended_for_later_travels_in_one_call_and_in_order() {
    let redis = RedisServer::start().unwrap();
    let (store, _bus) = connect(&redis.url()).await;
    join(&store, "general").await;
    join(&store, "random").await;
    for round in 0..20 {
        let later = ["general", "random", "general"]
            .map(|room| store.append_later(append(room, "hi", None, None)));
        // One that leaves at once takes those before it along.
        let at_once = store.append(append("general", "hi", None, None));
        let mut seqs = Vec::new();
        for appending in later {
            seqs.push(appending.await.unwrap().seq);
        }
        seqs.push(at_once.await.unwrap().seq);
        let (general, random) = (3 * round, round);
        assert_eq!(
            seqs,
            [general + 1, random + 1, general + 2, general + 3],
            "round {round}"
        );
        assert_eq!(store.stats().append_calls, round + 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_a_call_holds_is_sent_whole() {
    const APPENDS: u64 = 1500;
    let redis = RedisServer::start().unwrap();
    let (store, _bus) = connect(&redis.url()).await;
    join(&store, "general").await;
    for _ in 0..APPENDS {
        // It is carried out all the same.
        drop(store.append_later(append("general", "hi", None, None)));
    }
    store.send_appends();
    until("all are stored", async || store.stats().appends == APPENDS).await;
    assert_eq!(join(&store, "general").await.head.seq, APPENDS);
    assert_eq!(store.stats().append_calls, APPENDS.div_ceil(512));
}
