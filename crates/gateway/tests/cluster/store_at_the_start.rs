//! What a node says of its Redis when it starts.

use std::time::Duration;

use rookery_client::{ConnectionError, RawConnection};
use rookery_testing::RedisServer;
use tokio::time::sleep;

use crate::support::{Cluster, Node, Raw, SOON, get, room, soon};

#[tokio::test]
async fn a_redis_that_loses_messages_is_warned_of_and_served_with() {
    let redis = RedisServer::start_with(&["--maxmemory-policy", "allkeys-lru"]).unwrap();
    let cluster = Cluster::over(redis, 1, &[]).await;
    let log = cluster.nodes[0].log();
    for words in [
        "append-only file is off",
        "throws keys away when memory is full (allkeys-lru)",
    ] {
        let told: Vec<_> = log.lines().filter(|line| line.contains(words)).collect();
        assert_eq!(told.len(), 1, "{words}: {log}");
        assert!(
            told[0].contains("WARN") && told[0].contains("redis.conf"),
            "{told:?}"
        );
    }
}

#[tokio::test]
async fn a_redis_cluster_ends_the_node_with_words() {
    let redis = RedisServer::start_with(&["--cluster-enabled", "yes"]).unwrap();
    let url = redis.url();
    let mut node = Node::spawn(&[("store", "redis"), ("redis.url", &url)]);
    assert_eq!(node.ends(Duration::from_secs(20)).await.code(), Some(1));
    assert!(
        node.log()
            .contains("Redis Cluster, which is not supported yet"),
        "{}",
        node.log()
    );
}

#[tokio::test]
async fn a_node_waits_for_its_redis_and_says_so() {
    let mut redis = RedisServer::start_with_append_only_file().unwrap();
    redis.kill();
    let node = Node::spawn(&[("store", "redis"), ("redis.url", &redis.url())]);
    node.readiness_becomes(Some(503)).await;
    let (status, _) = get(node.address(), "/healthz").await.unwrap();
    assert_eq!(status, 200, "it lives");
    let (_, said) = get(node.address(), "/readyz").await.unwrap();
    assert!(said.contains("the store does not answer"), "{said}");
    assert_eq!(node.metric("rookery_ready").await, 0.0);
    match RawConnection::connect(&node.ws(), SOON).await {
        Err(ConnectionError::Upgrade { status: 503, .. }) => {}
        other => panic!("not refused: {other:?}"),
    }
    let (status, page) = get(node.address(), "/").await.unwrap();
    assert_eq!(status, 503);
    assert!(
        page.contains("waits for its store") && page.contains("retry_after_ms"),
        "{page}"
    );
    let told = || node.log().matches("WARN").count();
    soon("a warning", async {
        while told() == 0 {
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    // Long enough to try once more, which is not said again.
    sleep(Duration::from_secs(4)).await;
    let log = node.log();
    assert_eq!(told(), 1, "{log}");
    assert!(
        log.contains("waiting for the store") && log.contains("nothing listens there"),
        "{log}"
    );

    redis.restart().unwrap();
    node.readiness_becomes(Some(200)).await;
    assert!(node.log().contains("the store is there"), "{}", node.log());
    let mut alex = Raw::hello(&node, "alex").await;
    alex.join(&room("general"), None).await;
}

#[tokio::test]
async fn waiting_for_redis_ends_as_told() {
    let mut redis = RedisServer::start().unwrap();
    redis
        .command(&["CONFIG", "SET", "requirepass", "open"])
        .unwrap();
    let url = redis.url();
    let settings = |wait_ms| {
        [
            ("store", "redis"),
            ("redis.url", url.as_str()),
            ("redis.wait_ms", wait_ms),
        ]
    };
    // By a password that is missing, whatever the patience is.
    let mut node = Node::spawn(&settings("0"));
    assert_eq!(node.ends(SOON).await.code(), Some(1));
    assert!(node.log().contains("wants a password"), "{}", node.log());

    redis.kill();
    let mut node = Node::spawn(&settings("1"));
    assert_eq!(node.ends(SOON).await.code(), Some(1));
    assert!(
        node.log().contains("nothing listens there"),
        "{}",
        node.log()
    );

    let mut node = Node::spawn(&settings("0"));
    node.readiness_becomes(Some(503)).await;
    node.signal("TERM");
    assert_eq!(node.ends(SOON).await.code(), Some(0));
    assert!(
        node.log().contains("SIGTERM before the node was ready"),
        "{}",
        node.log()
    );
}
