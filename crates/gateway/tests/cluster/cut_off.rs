//! A node that lost Redis alone sends its clients to the others; where Redis is
//! away for everybody nobody is sent anywhere.

use std::time::Duration;

use rookery_client::{ConnectionError, Lost, RawConnection};
use rookery_testing::Proxy;
use tokio::time::sleep;

use crate::support::{
    Cluster, Node, Reader, SOON, Watcher, Writers, assert_one_log, client, client_settings, room,
    soon,
};

/// Nodes that notice soon that Redis is away, and one of them that is reached
/// by Redis through a proxy.
struct Place {
    cluster: Cluster,
    proxy: Proxy,
    proxied: Node,
}

impl Place {
    async fn start(others: usize) -> Self {
        Self::start_with(others, &[]).await
    }

    async fn start_with(others: usize, more: &[(&str, &str)]) -> Self {
        let mut settings = vec![
            ("redis.command_timeout_ms", "1000"),
            ("redis.away_ms", "1000"),
            ("drain_ms", "2000"),
        ];
        settings.extend(more);
        let cluster = Cluster::start_with(others, &settings).await;
        let proxy = Proxy::to_port(cluster.redis().port()).unwrap();
        let url = proxy.redis_url();
        settings.extend([("store", "redis"), ("redis.url", url.as_str())]);
        let proxied = Node::start(&settings).await;
        // Each says where it is once a second.
        sleep(Duration::from_millis(1_500)).await;
        Self {
            cluster,
            proxy,
            proxied,
        }
    }
}

async fn refuses(node: &Node) -> bool {
    let refused = RawConnection::connect(&node.ws(), SOON).await;
    matches!(refused, Err(ConnectionError::Upgrade { status: 503, .. }))
}

async fn until_it_refuses(node: &Node) {
    let refusing = async {
        while !refuses(node).await {
            sleep(Duration::from_millis(50)).await;
        }
    };
    soon("upgrades refused", refusing).await;
}

#[tokio::test]
async fn a_node_that_lost_redis_alone_sends_its_clients_to_the_others() {
    let place = Place::start(1).await;
    let (general, other) = (room("general"), &place.cluster.nodes[0]);
    let mut readers = vec![];
    for _ in 0..12 {
        let settings = client_settings([&place.proxied, other], "reader");
        readers.push(Reader::join(settings, &general).await);
    }
    let mut staying = Watcher::join(other, "staying", &general).await;
    let author = client([other], "author");
    let mut writers = Writers::start([author], &general, Duration::from_millis(5));
    writers.write(50).await;

    place.proxy.hold();
    until_it_refuses(&place.proxied).await;
    for reader in &mut readers {
        reader
            .until("being served elsewhere", |seen| seen.nodes.len() > 1)
            .await;
    }
    writers.write(50).await;
    let acknowledged = writers.stop().await;
    let last = acknowledged.last().unwrap().seq;
    staying.reaches(last).await;
    assert_eq!(staying.seen().closed, None);
    let mut logs = vec![("who stayed", staying.log())];
    for reader in &mut readers {
        logs.push(("a reader", reader.whole_log(last).await));
        let losses = reader.seen().losses;
        assert!(
            matches!(losses[0], Lost::Asked | Lost::Closed { code: 4000, .. }),
            "{losses:?}"
        );
    }
    assert_one_log(&acknowledged, &logs);

    place.proxy.release();
    place.proxied.readiness_becomes(Some(200)).await;
    Watcher::join(&place.proxied, "back", &general).await;
}

#[tokio::test]
async fn when_redis_is_away_for_all_everybody_stays_and_newcomers_are_told_to_come_later() {
    let mut place = Place::start(2).await;
    let general = room("general");
    let mut watchers = vec![];
    for node in place.cluster.nodes.iter().chain([&place.proxied]) {
        for _ in 0..4 {
            watchers.push(Watcher::join(node, "watcher", &general).await);
        }
    }
    place.cluster.kill_redis();
    for node in place.cluster.nodes.iter().chain([&place.proxied]) {
        until_it_refuses(node).await;
    }
    // Several times as long as it would take to send everybody away.
    sleep(Duration::from_secs(6)).await;
    place.cluster.restart_redis().await;
    let author = client([&place.proxied], "author");
    author.send(&general, "it is back").await.unwrap();
    for watcher in &mut watchers {
        watcher.reaches(1).await;
        let seen = watcher.seen();
        assert_eq!((seen.reconnect, seen.closed), (None, None));
    }
}

#[tokio::test]
async fn a_node_that_comes_back_later_than_others_keeps_its_clients_for_a_while() {
    // It is given 2 × 4 s more than the others.
    let mut place = Place::start_with(1, &[("redis.connect_timeout_ms", "4000")]).await;
    let general = room("general");
    let mut watcher = Watcher::join(&place.proxied, "watcher", &general).await;
    place.proxy.hold();
    place.cluster.kill_redis();
    until_it_refuses(&place.proxied).await;
    until_it_refuses(&place.cluster.nodes[0]).await;
    place.cluster.restart_redis().await;
    place.cluster.nodes[0].readiness_becomes(Some(200)).await;
    sleep(Duration::from_secs(3)).await;
    let seen = watcher.seen();
    assert_eq!((seen.reconnect, seen.closed), (None, None));
    // But not for good.
    watcher
        .until("the close", |seen| seen.closed == Some(4000))
        .await;
}

#[tokio::test]
async fn a_node_that_lost_the_shared_channel_alone_is_cut_off_too() {
    let cluster = Cluster::start(1).await;
    let allow = "ACL SETUSER narrow on >word ~* &* +@all";
    let command = |words: &str| {
        let words: Vec<_> = words.split(' ').collect();
        cluster.redis().command(&words).unwrap()
    };
    command(allow);
    let url = cluster.redis().url().replace("://", "://narrow:word@");
    let narrow = Node::start(&[
        ("store", "redis"),
        ("redis.url", &url),
        ("redis.away_ms", "1000"),
        ("drain_ms", "1000"),
    ])
    .await;
    sleep(Duration::from_millis(1_500)).await;
    let general = room("general");
    let settings = client_settings([&narrow, &cluster.nodes[0]], "reader");
    let mut reader = Reader::join(settings, &general).await;

    command("ACL SETUSER narrow -subscribe");
    command("CLIENT KILL TYPE pubsub USER narrow");
    reader
        .until("being served elsewhere", |seen| seen.nodes.len() > 1)
        .await;
    assert!(refuses(&narrow).await);
    command("ACL SETUSER narrow +subscribe");
    narrow.readiness_becomes(Some(200)).await;
    assert!(!refuses(&narrow).await);
    reader.assert_never_robbed();
}
