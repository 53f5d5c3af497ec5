//! What is counted of messages: all of them, and every fault.

use crate::{
    faulty_server::{Fault, FaultyServer},
    generator::{Generator, Run},
};

#[test]
fn everything_that_a_node_is_sent_arrives_everywhere() {
    let run = Generator::new("fanout")
        .arguments("--members 30 --in-flight 5 --seconds 1")
        .with_node()
        .run();
    assert_eq!(run.code, 0, "{}", run.errors);
    let counts = run.counts();
    let sent = counts["sent"].as_u64().unwrap();
    assert!(sent > 0);
    assert_eq!(counts["acknowledged"], sent);
    assert_eq!(counts["expected"], 30 * sent);
    assert_eq!(counts["received"], 30 * sent);
    assert_eq!(run.outcome["system"], "rookery");
}

#[test]
fn a_rate_is_kept_over_two_nodes() {
    let run = Generator::new("rooms")
        .arguments("--rooms 5 --members 4 --nodes 2")
        .arguments("--rate 100 --seconds 2 --warmup 0")
        .with_node()
        .run();
    assert_eq!(run.code, 0, "{}", run.errors);
    let counts = run.counts();
    let sent = counts["sent"].as_u64().unwrap();
    assert!((199..=201).contains(&sent), "{counts}");
    assert_eq!(counts["received"], 4 * sent);
    let roles: Vec<_> = run
        .processes()
        .map(|process| process["role"].clone())
        .collect();
    assert_eq!(roles, ["generator", "node", "node", "redis"]);
}

#[test]
fn redis_alone_takes_every_message() {
    for kind in ["zadd-publish", "xadd", "append-script"] {
        let run = Generator::new("redis-baseline")
            .arguments(&format!("--kind {kind} --messages 1000"))
            .run();
        assert_eq!(run.code, 0, "{}", run.errors);
        assert_eq!(run.count("acknowledged"), 1000);
        assert!(run.figure("redis_cpu_us_per_message") > 0.0);
    }
}

#[test]
fn a_signal_ends_a_run_with_what_was_measured() {
    let mut running = Generator::new("fanout")
        .arguments("--members 10 --rate 100 --seconds 100 --warmup 0")
        .with_node()
        .start();
    running.wait_for("measuring");
    running.interrupt();
    let run = running.finish();
    assert_eq!(run.code, 0, "{}", run.errors);
    assert!(run.outcome["seconds"].as_f64().unwrap() < 90.0);
    let remarks = run.outcome["remarks"].to_string();
    assert!(remarks.contains("ended early"), "{remarks}");
}

fn against(fault: Fault) -> Run {
    let server = FaultyServer::start(fault);
    Generator::new("fanout")
        .arguments("--members 4 --rate 200 --seconds 1 --warmup 0")
        .arguments(&format!(
            "--system faulty --dialect plain --targets {}",
            server.url()
        ))
        .run()
}

#[test]
fn a_server_without_faults_passes() {
    let run = against(Fault::None);
    assert_eq!(run.code, 0, "{}", run.errors);
    let counts = run.counts();
    assert_eq!(counts["received"], 4 * counts["sent"].as_u64().unwrap());
}

#[test]
fn a_lost_delivery_is_missing() {
    let run = against(Fault::Loses);
    assert_eq!((run.code, &run.counts()["missing"]), (1, &3.into()));
    assert!(
        run.errors.contains("3 deliveries are missing"),
        "{}",
        run.errors
    );
}

#[test]
fn a_repeated_delivery_is_doubled() {
    let run = against(Fault::Repeats);
    assert_eq!((run.code, &run.counts()["doubled"]), (1, &3.into()));
    assert_eq!(run.counts()["missing"], 0);
}

#[test]
fn a_late_delivery_is_out_of_order() {
    let run = against(Fault::Swaps);
    assert_eq!(run.code, 1);
    assert_eq!(run.counts()["missing"], 0);
    assert!(
        run.counts()["disordered"].as_u64().unwrap() > 0,
        "{}",
        run.counts()
    );
}

#[test]
fn a_connection_that_ends_is_lost() {
    let run = against(Fault::HangsUp);
    assert_eq!(
        (run.code, &run.counts()["lost_connections"]),
        (1, &1.into())
    );
    assert!(
        run.errors.contains("1 connections were lost"),
        "{}",
        run.errors
    );
}

#[test]
fn nobody_there_is_said_at_once() {
    let address = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let (code, errors) = Generator::new("fanout")
        .arguments(&format!("--dialect plain --targets ws://{address}"))
        .fail();
    assert_eq!(code, 2);
    assert!(errors.contains("cannot connect"), "{errors}");
}
