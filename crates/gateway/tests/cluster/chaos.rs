//! One fault after the other, whichever comes, under traffic that never stops.

use std::time::Duration;

use rand::{Rng, SeedableRng, rngs::StdRng};
use tokio::time::sleep;

use crate::support::{
    Cluster, Reader, Writers, assert_one_log, client, client_settings, online_becomes, room, signal,
};

const FAULTS: usize = 14;

#[derive(Debug, Clone, Copy)]
enum Fault {
    CutSharedChannel,
    KillNode(usize),
    DrainNode(usize),
    FreezeNode(usize),
    FreezeRedis,
    KillRedis,
}

fn any_fault(rng: &mut StdRng) -> Fault {
    let node = rng.random_range(0..4);
    match rng.random_range(0..6) {
        0 => Fault::CutSharedChannel,
        1 => Fault::KillNode(node),
        2 => Fault::DrainNode(node),
        3 => Fault::FreezeNode(node),
        4 => Fault::FreezeRedis,
        _ => Fault::KillRedis,
    }
}

async fn inflict(fault: Fault, cluster: &mut Cluster) {
    let moment = Duration::from_millis(400);
    match fault {
        Fault::CutSharedChannel => cluster.cut_shared_channel(),
        Fault::KillNode(node) => cluster.nodes[node].restart().await,
        Fault::DrainNode(node) => {
            cluster.nodes[node].signal("TERM");
            let status = cluster.nodes[node].ends(Duration::from_secs(20)).await;
            assert_eq!(status.code(), Some(0));
            cluster.nodes[node].restart().await;
        }
        Fault::FreezeNode(node) => {
            cluster.nodes[node].signal("STOP");
            sleep(moment).await;
            cluster.nodes[node].signal("CONT");
        }
        Fault::FreezeRedis => {
            signal(cluster.redis().pid(), "STOP");
            sleep(moment).await;
            signal(cluster.redis().pid(), "CONT");
        }
        Fault::KillRedis => {
            cluster.kill_redis();
            sleep(moment).await;
            cluster.restart_redis().await;
        }
    }
}

#[tokio::test]
async fn whatever_happens_nothing_acknowledged_is_lost_or_repeated() {
    let seed = rand::random();
    eprintln!("seed {seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    // Nobody is so far behind that a snapshot would do.
    let settings = [
        ("drain_ms", "1000"),
        ("limits.catch_up", "0"),
        ("presence.grace_ms", "2000"),
        ("presence.lease_ms", "2000"),
    ];
    let mut cluster = Cluster::start_with(4, &settings).await;
    let general = room("general");
    let turns = [[0, 1, 2], [1, 2, 0], [2, 0, 1]];
    let around = |turn: [usize; 3]| turn.map(|node| &cluster.nodes[node]);
    let mut readers = vec![];
    for turn in turns {
        readers.push(Reader::join(client_settings(around(turn), "reader"), &general).await);
    }
    // One sits on a node through which nobody writes.
    let apart = [&cluster.nodes[3]];
    readers.push(Reader::join(client_settings(apart, "reader"), &general).await);
    let authors = turns.map(|turn| client(around(turn), "author"));
    let mut writers = Writers::start(authors, &general, Duration::from_millis(2));

    for _ in 0..FAULTS {
        writers.write(30).await;
        let fault = any_fault(&mut rng);
        eprintln!("{fault:?}");
        inflict(fault, &mut cluster).await;
    }
    writers.write(30).await;
    let acknowledged = writers.stop().await;

    let last = acknowledged.last().unwrap().seq;
    let mut logs = vec![];
    for reader in &mut readers {
        logs.push(("a reader", reader.whole_log(last).await));
    }
    assert_one_log(&acknowledged, &logs);
    // The authors have hung up; whoever stays is there, on any node, and no ghost beside them.
    for node in &cluster.nodes {
        online_becomes(node, &general, &["reader"]).await;
    }
}
