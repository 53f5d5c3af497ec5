//! A network that cuts connections in the middle of a frame, again and again.

use std::{net::SocketAddr, time::Duration};

use rand::{Rng, SeedableRng, rngs::StdRng};
use rookery_client::ClientSettings;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
};

use crate::support::{Cluster, Reader, Writers, assert_one_log, client_settings, room};

/// Passes bytes on to a node, and cuts each connection after some of them.
async fn flaky_proxy(node: SocketAddr, seed: u64) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut rng = StdRng::seed_from_u64(seed);
    tokio::spawn(async move {
        let mut most_down = 30_000;
        while let Ok((client, _)) = listener.accept().await {
            // What was missed comes in one frame: in the end one has to get through.
            most_down += 1_000;
            let up = rng.random_range(400..6_000);
            let down = rng.random_range(1_000..most_down);
            tokio::spawn(async move {
                let node = TcpStream::connect(node).await.unwrap();
                let (from_client, to_client) = client.into_split();
                let (from_node, to_node) = node.into_split();
                // When either direction has had its share, both sockets are dropped.
                tokio::select! {
                    () = pass(from_client, to_node, up) => {}
                    () = pass(from_node, to_client, down) => {}
                }
            });
        }
    });
    address
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut share: usize) {
    let mut buffer = [0; 1024];
    while share > 0 {
        let most = share.min(buffer.len());
        let count = from.read(&mut buffer[..most]).await.unwrap_or(0);
        if count == 0 || to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
        share -= count;
    }
}

#[tokio::test]
async fn connections_cut_in_the_middle_of_frames_lose_and_repeat_nothing() {
    let cluster = Cluster::start(2).await;
    let general = room("general");
    let mut proxies = vec![];
    for (seed, node) in (0..).zip(&cluster.nodes) {
        proxies.push(format!(
            "ws://{}/ws",
            flaky_proxy(node.address(), seed).await
        ));
    }
    let through_proxies = |user: &str| ClientSettings {
        targets: proxies.clone(),
        backoff_base: Duration::from_millis(20),
        backoff_cap: Duration::from_millis(100),
        ..client_settings([], user)
    };
    let mut readers = vec![];
    for _ in 0..3 {
        readers.push(Reader::join(through_proxies("reader"), &general).await);
    }
    let sound = client_settings([&cluster.nodes[0]], "sound");
    let mut sound = Reader::join(sound, &general).await;
    let authors = (0..4).map(|_| {
        rookery_client::Client::connect(through_proxies("author"))
            .unwrap()
            .0
    });
    let mut writers = Writers::start(authors, &general, Duration::ZERO);
    writers.write(1000).await;
    let acknowledged = writers.stop().await;

    let last = acknowledged.last().unwrap().seq;
    sound.reaches(last).await;
    let mut logs = vec![("the sound reader", sound.log())];
    let mut cuts = 0;
    for reader in &mut readers {
        logs.push(("a reader", reader.whole_log(last).await));
        cuts += reader.seen().losses.len();
    }
    assert!(cuts > 5, "hardly cut: {cuts} times");
    assert_one_log(&acknowledged, &logs);
}
