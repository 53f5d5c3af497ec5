//! The scenarios about connections: only counts are looked at, never times.

use std::{fs, path::Path};

use crate::generator::{Generator, Run};

fn generator(scenario: &str, flags: &str) -> Generator {
    Generator::new(scenario).arguments(flags).with_node()
}

/// Runs a scenario that must end well.
fn run(scenario: &str, flags: &str) -> Run {
    let run = generator(scenario, flags).run();
    assert_eq!(run.code, 0, "{}", run.errors);
    run
}

fn refused(scenario: &str, flags: &str) -> String {
    let (code, errors) = generator(scenario, flags).fail();
    assert_eq!(code, 2);
    errors
}

#[test]
fn a_message_reaches_everybody_in_one_room_over_nodes_and_processes() {
    let run = run(
        "idle",
        "--connections 90 --one-room --processes 3 --nodes 2 --seconds 1",
    );
    assert_eq!(run.count("sent"), 1);
    assert_eq!(run.count("expected"), 90);
    assert_eq!(run.count("received"), 90);
    let of = |role| run.of_role(role);
    assert_eq!((of("node"), of("redis"), of("generator")), (2, 1, 4));
}

#[test]
fn idle_sends_a_message_to_each_room() {
    let run = run("idle", "--connections 50 --members 20 --seconds 1");
    assert_eq!((run.count("sent"), run.count("received")), (3, 50));
    assert!(run.figure("bytes_per_connection") > 0.0);
}

#[test]
fn connections_are_made_and_counted() {
    let run = run("connect", "--connections 60 --members 20");
    assert_eq!(run.count("connections"), 60);
    assert_eq!(run.latencies("connect"), 60);
    let at_a_rate = self::run("connect", "--connections 60 --rate 200");
    assert_eq!(at_a_rate.latencies("connect"), 60);
}

#[test]
fn newcomers_are_measured_before_and_after_the_crowd_drops() {
    let run = run("connect", "--churn --connections 100 --rate 50");
    let both = ["connect before", "connect"].map(|name| run.latencies(name));
    assert!(both.iter().all(|count| *count > 0), "{both:?}");
}

#[test]
fn after_a_storm_everybody_has_exactly_what_was_missed() {
    let run = run(
        "storm",
        "--connections 120 --members 30 --behind 20 --nodes 2 --store redis",
    );
    assert_eq!(run.count("sent"), 4 * 20);
    assert_eq!(run.count("received"), 120 * 20);
    let remarks = run.remarks();
    assert!(!remarks.contains("cursors"), "{remarks}");
    assert!(run.figure("range_reads_per_room_and_node") <= 1.0);
}

#[test]
fn after_an_outage_everybody_is_back() {
    for what in ["nodes", "redis"] {
        let flags = format!(
            "--what {what} --connections 80 --members 20 --down 1.5 --nodes 2 --redis-appendonly always"
        );
        let run = run("outage", &flags);
        let back = run.latencies("back, from when it could be");
        assert_eq!(back, 80, "{what}: each once");
        assert_eq!(run.count("lost_connections"), 0, "{what}");
        assert!(run.figure("attempts_in_vain") >= 1.0, "{what}");
    }
}

#[test]
fn stalled_readers_are_closed_and_have_everything_in_the_end() {
    let flags =
        "--members 6 --stalled 2 --rate 400 --rounds 1 --seconds 2 --warmup 0 --text-bytes 3900";
    let run = run("slow", flags);
    assert_eq!(run.count("expected"), run.count("received"));
    let remarks = run.remarks();
    assert!(
        remarks.contains("2 of 2 stalled readers were closed"),
        "{remarks}"
    );
}

#[test]
fn a_soak_loses_nothing_while_nodes_and_redis_are_killed() {
    let run = run(
        "soak",
        "--connections 80 --rate 100 --seconds 9 --nodes 2 --store redis --redis-appendonly always \
         --restart-nodes 2 --restart-redis 5",
    );
    assert!(run.count("received") > 0);
    assert_eq!(run.count("expected"), run.count("received"));
    assert!(run.figure("nodes_killed") >= 1.0);
    assert!(run.figure("redis_restarts") >= 1.0);
    // Everybody who was lost or dropped came back, and it is told how late.
    let absences = run.latencies("away longer than meant");
    assert_eq!(absences, run.figure("returns") as u64);
    let there = run.latencies("delivery to who was there");
    assert_eq!(there, run.count("received"));
    let remarks = run.remarks();
    assert!(remarks.contains("the longest absence"), "{remarks}");
}

#[test]
fn a_soak_fails_by_time_only_where_a_limit_was_asked_for() {
    let flags = "--connections 40 --rate 100 --seconds 3 --late-limit 0.000001";
    let run = generator("soak", flags).run();
    assert_eq!(run.code, 1, "{}", run.errors);
    assert!(run.errors.contains("over --late-limit"), "{}", run.errors);
    assert!(
        run.errors.contains("delivery to who was there"),
        "{}",
        run.errors
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
    let flags = "--connections 40 --seconds 600 --nodes 2";
    let mut running = generator("soak", flags).start();
    running.wait_for("measuring");
    let started = children_of(running.pid());
    assert_eq!(started.len(), 3, "two nodes and Redis");
    running.interrupt();
    let remarks = running.finish().remarks();
    assert!(remarks.contains("by a signal"), "{remarks}");
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
