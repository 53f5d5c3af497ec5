//! A Redis that answers and refuses every write: operators are told, once, in
//! its own words, users are told what is so, and what can be read is read.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::support::{Cluster, Node, Raw, SOON, get, room, soon};

/// How Redis is brought to refuse, how it is brought back, and the word that
/// its refusal begins with.
struct Trouble {
    begin: &'static [&'static str],
    end: &'static [&'static str],
    word: &'static str,
    /// Whether it is read from meanwhile. A replica may be behind.
    reads: bool,
}

const TROUBLES: [Trouble; 3] = [
    Trouble {
        begin: &["CONFIG", "SET", "maxmemory", "1"],
        end: &["CONFIG", "SET", "maxmemory", "0"],
        word: "OOM",
        reads: true,
    },
    Trouble {
        begin: &["CONFIG", "SET", "min-replicas-to-write", "1"],
        end: &["CONFIG", "SET", "min-replicas-to-write", "0"],
        word: "NOREPLICAS",
        reads: true,
    },
    Trouble {
        begin: &["REPLICAOF", "127.0.0.1", "1"],
        end: &["REPLICAOF", "NO", "ONE"],
        word: "READONLY",
        reads: false,
    },
];

#[tokio::test]
async fn a_redis_that_refuses_to_write_is_told_of_once() {
    let cluster = Cluster::start(1).await;
    let (node, general) = (&cluster.nodes[0], room("general"));
    let mut alex = Raw::hello(node, "alex").await;
    alex.join(&general, None).await;
    assert_eq!(send(&mut alex, "before").await["seq"], 1);
    for (round, trouble) in TROUBLES.iter().enumerate() {
        let Trouble {
            begin,
            end,
            word,
            reads,
        } = *trouble;
        cluster.redis().command(begin).unwrap();
        node.readiness_becomes(Some(503)).await;
        // Of a replica it is known a moment later: its connection was given up first.
        soon("/readyz naming it", async {
            loop {
                let (_, said) = get(node.address(), "/readyz").await.unwrap();
                if said.contains("the store refuses to write") {
                    return;
                }
                sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
        figure_becomes(node, "rookery_store_writable", 0.0).await;
        figure_becomes(node, "rookery_ready", 0.0).await;
        assert_eq!(node.metric("rookery_store_up").await, 1.0);
        let round_trip = "rookery_redis_round_trip_seconds";
        figure_is(node, round_trip, |value| (value > 0.0) == reads).await;

        for _ in 0..3 {
            let refused = send(&mut alex, "meanwhile").await;
            assert_eq!(refused["code"], "unavailable", "{refused}");
            let words = refused["message"].as_str().unwrap();
            assert!(words.contains("refuses to write"), "{refused}");
            assert!(refused["retry_after_ms"].as_u64() > Some(0), "{refused}");
        }
        let page = json!({"type": "history", "room": "general", "before": 1000});
        let page = alex.ask(page).await;
        let messages = page["messages"].as_array().map(Vec::len);
        assert_eq!(messages, reads.then_some(round + 1), "{page}");
        // Long enough that whatever is said at each look is said twice.
        let lines = node.log().lines().count();
        sleep(Duration::from_millis(2500)).await;
        // A replica's subscription may be made anew meanwhile, which is said once as well.
        if reads {
            assert_eq!(node.log().lines().count(), lines, "{}", node.log());
        }
        let told = lines_with(node, &["WARN", "refuses to write", word]);
        assert_eq!(told, 1, "{}", node.log());

        cluster.redis().command(end).unwrap();
        node.readiness_becomes(Some(200)).await;
        figure_becomes(node, "rookery_store_writable", 1.0).await;
        figure_becomes(node, "rookery_ready", 1.0).await;
        let sent = send(&mut alex, &format!("again {round}")).await;
        assert_eq!(sent["type"], "ok", "{sent}");
        let told = lines_with(node, &["INFO", "the store writes again"]);
        assert_eq!(told, round + 1, "{}", node.log());
    }
    assert_eq!(lines_with(node, &["WARN", "refuses"]), TROUBLES.len());
}

#[tokio::test]
async fn what_is_dead_has_no_good_figures() {
    let mut cluster = Cluster::start(1).await;
    let figures = [
        "rookery_redis_round_trip_seconds",
        "rookery_bus_lag_seconds",
    ];
    for name in figures {
        figure_is(&cluster.nodes[0], name, |value| value > 0.0).await;
    }
    cluster.kill_redis();
    for name in figures {
        figure_is(&cluster.nodes[0], name, f64::is_nan).await;
    }
    for name in [
        "rookery_store_up",
        "rookery_store_writable",
        "rookery_bus_up",
        "rookery_ready",
    ] {
        figure_becomes(&cluster.nodes[0], name, 0.0).await;
    }
    cluster.restart_redis().await;
    for name in figures {
        figure_is(&cluster.nodes[0], name, |value| value > 0.0).await;
    }
    figure_becomes(&cluster.nodes[0], "rookery_ready", 1.0).await;
}

async fn send(raw: &mut Raw, text: &str) -> Value {
    raw.ask(json!({"type": "send", "room": "general", "text": text}))
        .await
}

async fn figure_becomes(node: &Node, name: &str, wanted: f64) {
    figure_is(node, name, |value| value == wanted).await;
}

async fn figure_is(node: &Node, name: &str, is_so: impl Fn(f64) -> bool) {
    let becoming = async {
        while !is_so(node.metric(name).await) {
            sleep(Duration::from_millis(20)).await;
        }
    };
    soon(&format!("{name} as wanted within {SOON:?}"), becoming).await;
}

/// How many lines of the node's log have all these words.
fn lines_with(node: &Node, words: &[&str]) -> usize {
    let log = node.log();
    let has_all = |line: &&str| words.iter().all(|word| line.contains(word));
    log.lines().filter(has_all).count()
}
