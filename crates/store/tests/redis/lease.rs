//! The lease of a node does not wait for what others ask of Redis.

use futures_util::future::join_all;
use rookery_protocol::client_frame::HistoryPage;
use rookery_store::Lease;
use rookery_testing::RedisServer;

use crate::support::{append, connect, join, room};

#[tokio::test]
async fn a_lease_does_not_wait_behind_the_answers_of_others() {
    const PAGES: usize = 2_000;
    let redis = RedisServer::start().unwrap();
    let (store, _bus) = connect(&redis.url()).await;
    assert_eq!(store.renew_lease().await.unwrap(), Lease::Fresh);
    join(&store, "general").await;
    let text = "x".repeat(2_000);
    for _ in 0..100 {
        store
            .append(append("general", &text, None, None))
            .await
            .unwrap();
    }
    // Four hundred megabytes are asked for, all of it before the lease is renewed.
    let (room, latest) = (room("general"), HistoryPage::Before(u64::MAX));
    let pages = join_all((0..PAGES).map(|_| store.history(&room, None, latest, 100)));
    let renewals = async {
        for _ in 0..3 {
            assert_eq!(store.renew_lease().await.unwrap(), Lease::Kept);
        }
    };
    tokio::select! {
        biased;
        _ = pages => panic!("the lease came behind all of them"),
        () = renewals => {}
    }
}
