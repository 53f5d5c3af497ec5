//! A node that has lost a task that it cannot be without ends, and says why.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use rookery_testing::RedisServer;
use tokio::time::sleep;

use crate::support::{Cluster, Node, SOON};

/// All that a node over Redis cannot be without.
const OVER_REDIS: [&str; 24] = [
    "allowances",
    "appends",
    "bus",
    "cut off",
    "deadlines",
    "endings",
    "flusher",
    "gone nodes",
    "heads",
    "lease",
    "lingering rooms",
    "log-ins",
    "documents",
    "membership changes",
    "admissions",
    "tidying",
    "notices",
    "presence",
    "probe",
    "redis connection",
    "redis subscription",
    "room lists",
    "slow readers",
    "suspicion",
];

/// The names of the tasks that have started.
fn tasks_in(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

/// Starts a node whose tasks can be ended, waits until they all run, and ends one.
async fn assert_it_ends(
    settings: &[(&str, &str)],
    expected: &BTreeSet<String>,
    task: &str,
    how: &str,
) {
    let folder = tempfile::tempdir().unwrap();
    let tasks = [("TEST_ROOKERY_TASKS", folder.path().to_str().unwrap())];
    let mut node = Node::start(&[settings, &tasks].concat()).await;
    node.let_panic();
    let deadline = Instant::now() + SOON;
    while tasks_in(folder.path()) != *expected && Instant::now() < deadline {
        sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(tasks_in(folder.path()), *expected, "what is essential");
    fs::write(folder.path().join(task), how).unwrap();
    let status = node.ends(SOON).await;
    assert_eq!(status.code(), Some(1), "{task}: {how}");
    let log = node.log();
    let said = match how {
        "panic" => "it panicked: a test says so",
        _ => "it returned",
    };
    let told = log
        .lines()
        .any(|line| line.contains("ERROR") && line.contains(task) && line.contains(said));
    assert!(told, "{task}: {how}: {log}");
}

#[tokio::test]
async fn each_that_panics_ends_the_node() {
    let redis = RedisServer::start().unwrap();
    let url = redis.url();
    let settings = [("store", "redis"), ("redis.url", url.as_str())];
    let expected = OVER_REDIS.map(str::to_owned).into();
    for task in OVER_REDIS {
        assert_it_ends(&settings, &expected, task, "panic").await;
    }
}

#[tokio::test]
async fn each_that_returns_ends_the_node() {
    let embedded = OVER_REDIS.into_iter().filter(|task| {
        let of_redis = [
            "admissions",
            "appends",
            "documents",
            "membership",
            "tidying",
            "redis",
            "room lists",
        ];
        !of_redis.iter().any(|beginning| task.starts_with(beginning))
    });
    let mut expected: BTreeSet<String> = embedded
        .chain(["embedded sweep"])
        .map(str::to_owned)
        .collect();
    for task in &expected {
        assert_it_ends(&[], &expected, task, "return").await;
    }
    let folder = tempfile::tempdir().unwrap();
    let data = [("embedded.data", folder.path().to_str().unwrap())];
    let writing = "data folder";
    expected.insert(writing.to_owned());
    assert_it_ends(&data, &expected, writing, "return").await;
}

/// What ends because the node is told to is no fault.
#[tokio::test]
async fn a_node_that_is_stopped_ends_well() {
    let mut cluster = Cluster::start_with(1, &[("drain_ms", "100")]).await;
    cluster.nodes[0].signal("TERM");
    let status = cluster.nodes[0].ends(SOON).await;
    assert_eq!(status.code(), Some(0));
    let log = cluster.nodes[0].log();
    assert!(!log.contains("ERROR"), "{log}");
}
