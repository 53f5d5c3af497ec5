//! The scenarios about connections against real nodes and a real Redis: only
//! counts are looked at, never times.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test says so by failing

use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::OnceLock,
};

use serde_json::Value;

/// The binary of a node beside that of the load generator. Cargo builds it
/// only for tests of its own crate, so it is asked to.
fn rookery() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let path = BUILT.get_or_init(|| {
        let mut build = Command::new(env!("CARGO"));
        build.args([
            "build",
            "--quiet",
            "-p",
            "rookery-gateway",
            "--bin",
            "rookery",
        ]);
        assert!(build.status().unwrap().success(), "building a node");
        Path::new(env!("CARGO_BIN_EXE_rookery-loadtest")).with_file_name("rookery")
    });
    path.clone()
}

fn command(scenario: &str, flags: &str, json: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rookery-loadtest"));
    command
        .arg(scenario)
        .args(flags.split_whitespace())
        .args(["--pin", "off", "--json"])
        .arg(json)
        .arg("--rookery")
        .arg(rookery());
    command
}

/// Runs a scenario that must end well, and gives its outcome.
fn run(scenario: &str, flags: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("outcome.json");
    let output = command(scenario, flags, &json).output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {complaint}", output.status);
    outcome(&json)
}

fn outcome(json: &Path) -> Value {
    let recording: Value = serde_json::from_slice(&fs::read(json).unwrap()).unwrap();
    recording["runs"][0]["outcome"].clone()
}

fn refused(scenario: &str, flags: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let Output { status, stderr, .. } = command(scenario, flags, &folder.path().join("none"))
        .output()
        .unwrap();
    assert_eq!(status.code(), Some(2));
    String::from_utf8_lossy(&stderr).into_owned()
}

fn count(outcome: &Value, name: &str) -> u64 {
    outcome["counts"][name].as_u64().unwrap()
}

fn figure(outcome: &Value, key: &str) -> f64 {
    let figures = outcome["figures"].as_array().unwrap();
    let found = figures.iter().find(|figure| figure["key"] == key);
    found.unwrap_or_else(|| panic!("no {key}"))["value"]
        .as_f64()
        .unwrap()
}

#[test]
fn a_message_reaches_everybody_in_one_room_over_nodes_and_processes() {
    let outcome = run(
        "idle",
        "--connections 90 --one-room --processes 3 --nodes 2 --seconds 1",
    );
    assert_eq!(count(&outcome, "sent"), 1);
    assert_eq!(count(&outcome, "expected"), 90);
    assert_eq!(count(&outcome, "received"), 90);
    let processes = outcome["processes"].as_array().unwrap();
    let of = |role: &str| {
        processes
            .iter()
            .filter(|process| process["role"] == role)
            .count()
    };
    assert_eq!((of("node"), of("redis"), of("generator")), (2, 1, 4));
}

#[test]
fn idle_sends_a_message_to_each_room() {
    let outcome = run("idle", "--connections 50 --members 20 --seconds 1");
    assert_eq!(
        (count(&outcome, "sent"), count(&outcome, "received")),
        (3, 50)
    );
    assert!(figure(&outcome, "bytes_per_connection") > 0.0);
}

#[test]
fn connections_are_made_and_counted() {
    let outcome = run("connect", "--connections 60 --members 20");
    assert_eq!(count(&outcome, "connections"), 60);
    assert_eq!(outcome["latencies"]["connect"]["count"], 60);
    let at_a_rate = run("connect", "--connections 60 --rate 200");
    assert_eq!(at_a_rate["latencies"]["connect"]["count"], 60);
}

#[test]
fn newcomers_are_measured_before_and_after_the_crowd_drops() {
    let outcome = run("connect", "--churn --connections 100 --rate 50");
    let both =
        ["connect before", "connect"].map(|name| outcome["latencies"][name]["count"].as_u64());
    assert!(both.iter().all(|count| count.unwrap() > 0), "{both:?}");
}

#[test]
fn after_a_storm_everybody_has_exactly_what_was_missed() {
    let outcome = run(
        "storm",
        "--connections 120 --members 30 --behind 20 --nodes 2 --store redis",
    );
    assert_eq!(count(&outcome, "sent"), 4 * 20);
    assert_eq!(count(&outcome, "received"), 120 * 20);
    let remarks = outcome["remarks"].to_string();
    assert!(!remarks.contains("cursors"), "{remarks}");
    assert!(figure(&outcome, "range_reads_per_room_and_node") <= 1.0);
}

#[test]
fn after_an_outage_everybody_is_back() {
    for what in ["nodes", "redis"] {
        let flags = format!(
            "--what {what} --connections 80 --members 20 --down 1.5 --nodes 2 --redis-appendonly always"
        );
        let outcome = run("outage", &flags);
        let back = &outcome["latencies"]["back, from when it could be"]["count"];
        assert_eq!(back.as_u64(), Some(80), "{what}: each once");
        assert_eq!(count(&outcome, "lost_connections"), 0, "{what}");
        assert!(figure(&outcome, "attempts_in_vain") >= 1.0, "{what}");
    }
}

#[test]
fn stalled_readers_are_closed_and_have_everything_in_the_end() {
    let flags =
        "--members 6 --stalled 2 --rate 400 --rounds 1 --seconds 2 --warmup 0 --text-bytes 3900";
    let outcome = run("slow", flags);
    assert_eq!(count(&outcome, "expected"), count(&outcome, "received"));
    let remarks = outcome["remarks"].to_string();
    assert!(
        remarks.contains("2 of 2 stalled readers were closed"),
        "{remarks}"
    );
}

#[test]
fn a_soak_loses_nothing_while_nodes_and_redis_are_killed() {
    let outcome = run(
        "soak",
        "--connections 80 --rate 100 --seconds 9 --nodes 2 --store redis --redis-appendonly always \
         --restart-nodes 2 --restart-redis 5",
    );
    assert!(count(&outcome, "received") > 0);
    assert_eq!(count(&outcome, "expected"), count(&outcome, "received"));
    assert!(figure(&outcome, "nodes_killed") >= 1.0);
    assert!(figure(&outcome, "redis_restarts") >= 1.0);
    // Everybody who was lost or dropped came back, and it is told how late.
    let absences = outcome["latencies"]["away longer than meant"]["count"].as_u64();
    let returns = figure(&outcome, "returns") as u64;
    assert_eq!(absences, Some(returns));
    let there = outcome["latencies"]["delivery to who was there"]["count"].as_u64();
    assert_eq!(there, Some(count(&outcome, "received")));
    let remarks = outcome["remarks"].to_string();
    assert!(remarks.contains("the longest absence"), "{remarks}");
}

#[test]
fn a_soak_fails_by_time_only_where_a_limit_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let flags = "--connections 40 --rate 100 --seconds 3 --late-limit 0.000001";
    let output = command("soak", flags, &folder.path().join("outcome.json"))
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{complaint}");
    assert!(complaint.contains("over --late-limit"), "{complaint}");
    assert!(
        complaint.contains("delivery to who was there"),
        "{complaint}"
    );
}

#[test]
fn faults_that_nothing_survives_are_refused() {
    let error = refused("soak", "--restart-nodes 5");
    assert!(error.contains("--store redis"), "{error}");
    let error = refused("soak", "--restart-redis 5 --store redis");
    assert!(error.contains("--redis-appendonly always"), "{error}");
    let error = refused("outage", "--connections 5");
    assert!(error.contains("--store redis"), "{error}");
    let error = refused("storm", "--members 5 --stay 5");
    assert!(error.contains("nobody drops"), "{error}");
}

#[test]
fn an_interrupted_run_reports_and_leaves_no_process_behind() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("outcome.json");
    let mut command = command("soak", "--connections 40 --seconds 600 --nodes 2", &json);
    let mut run = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It says so when the measured part begins.
    let mut progress = BufReader::new(run.stderr.take().unwrap()).lines();
    assert!(progress.any(|line| line.unwrap().starts_with("measuring")));
    let started = children_of(run.id());
    assert_eq!(started.len(), 3, "two nodes and Redis");
    let interrupted = Command::new("kill")
        .args(["-INT", &run.id().to_string()])
        .status();
    assert!(interrupted.unwrap().success());
    run.wait().unwrap();
    assert!(
        outcome(&json)["remarks"]
            .to_string()
            .contains("by a signal")
    );
    for pid in started {
        assert!(!Path::new(&format!("/proc/{pid}")).exists(), "{pid} lives");
    }
}

fn children_of(pid: u32) -> Vec<u32> {
    let path = format!("/proc/{pid}/task/{pid}/children");
    let text = fs::read_to_string(path).unwrap_or_default();
    text.split_whitespace()
        .map(|pid| pid.parse().unwrap())
        .collect()
}
