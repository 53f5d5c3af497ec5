//! A Redis that comes back with less than it had: told, never papered over.

use std::collections::HashMap;

use rookery_testing::RedisServer;

use crate::support::{Cluster, Reader, client, client_settings, room};

#[tokio::test]
async fn a_log_that_was_rolled_back_never_gives_a_number_twice() {
    // It keeps what SAVE wrote, and forgets what came after.
    let redis = RedisServer::start().unwrap();
    // Only the first node writes.
    let mut cluster = Cluster::over(redis, 3, &[]).await;
    let general = room("general");
    let mut readers = vec![];
    for node in &cluster.nodes {
        readers.push(Reader::join(client_settings([node], "reader"), &general).await);
    }
    let author = client([&cluster.nodes[0]], "author");
    for number in 1..=20 {
        author
            .send(&general, format!("kept {number}"))
            .await
            .unwrap();
    }
    cluster.redis().command(&["SAVE"]).unwrap();
    for number in 21..=40 {
        author
            .send(&general, format!("forgotten {number}"))
            .await
            .unwrap();
    }
    for reader in &mut readers {
        reader.reaches(40).await;
    }

    cluster.kill_redis();
    cluster.restart_redis().await;
    let mut last = 0;
    for number in 1..=10 {
        let sent = author
            .send(&general, format!("after {number}"))
            .await
            .unwrap();
        assert!(sent.seq > 40, "{} was given before", sent.seq);
        last = sent.seq;
    }
    for reader in &mut readers {
        reader.until("being told", |seen| seen.replaced == 2).await;
    }
    let sent = author.send(&general, "the last").await.unwrap();
    assert_eq!(sent.seq, last + 1);
    let mut texts = HashMap::new();
    for reader in &mut readers {
        reader.reaches(sent.seq).await;
        for (seq, text) in reader.log() {
            let before = texts.insert(seq, text.clone());
            assert!(
                before.is_none_or(|before| before == text),
                "{seq} is two messages"
            );
        }
        assert!(reader.seen().gave_up.is_none());
    }
}
