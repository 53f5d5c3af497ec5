//! A node whose connections to Redis stay open and bring nothing any more, as
//! where its address has become somebody else's, while new ones would be served.

use std::time::Duration;

use rookery_testing::Proxy;

use crate::support::{
    Cluster, Node, Reader, Writers, assert_one_log, client, client_settings, room,
};

#[tokio::test]
async fn it_replaces_its_connections_and_its_clients_miss_nothing() {
    let cluster = Cluster::start(1).await;
    let proxy = Proxy::to_port(cluster.redis().port()).unwrap();
    let stranded = Node::start(&[
        ("store", "redis"),
        ("redis.url", &proxy.redis_url()),
        ("redis.command_timeout_ms", "1000"),
    ])
    .await;
    let general = room("general");
    let mut reader = Reader::join(client_settings([&stranded], "reader"), &general).await;
    let authors = cluster.nodes.iter().chain([&stranded]);
    let authors = authors.map(|node| client([node], "author"));
    let mut writers = Writers::start(authors, &general, Duration::from_millis(5));
    for _ in 0..2 {
        writers.write(100).await;
        proxy.strand();
        writers.write(100).await;
        stranded.readiness_becomes(Some(503)).await;
        stranded.readiness_becomes(Some(200)).await;
        reader.reaches(writers.last()).await;
    }
    writers.write(100).await;
    let acknowledged = writers.stop().await;
    let log = reader.whole_log(acknowledged.last().unwrap().seq).await;
    assert_eq!(reader.seen().losses, [], "its connection stayed open");
    assert_one_log(&acknowledged, &[("the reader", log)]);
}
