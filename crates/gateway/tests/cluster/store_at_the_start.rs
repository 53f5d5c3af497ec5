//! What a node says of its Redis when it starts.

use std::time::Duration;

use rookery_testing::RedisServer;

use crate::support::{Cluster, Node};

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
