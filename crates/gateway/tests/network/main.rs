//! The service on a network that does what networks do: Redis, nodes and nginx
//! are hosts of their own, between which packets are lost, refused and late, and
//! addresses change. Audited clients see every acknowledged message once, in one
//! order, and come back by themselves.
//!
//! Run by `scripts/test network`, where network namespaces are to be had.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test says so by failing

mod lab;
mod service;
#[allow(dead_code, unused_imports)] // what these tests need of what the cluster's have
#[path = "../cluster/support/mod.rs"]
mod support;
mod traffic;

use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::{
    lab::{Host, Network, Wall},
    service::Service,
    traffic::Traffic,
};

const FIRST: Host = Host::Node(0);

/// Longer than a node takes to say where it is, once its first client has come
/// to it: who is cut off before knows of nobody whom it could ask.
const PROBED: Duration = Duration::from_secs(3);

/// Both ends of the wire between a host and another, in a network.
fn ends(one: Host, other: Host, network: Network) -> [std::net::Ipv4Addr; 2] {
    [one.address(network), other.address(network)]
}

#[tokio::test]
#[ignore = "run by scripts/test network"]
async fn a_node_whose_address_towards_redis_changes_comes_back() {
    let service = Service::start(2).await;
    let mut traffic = Traffic::start(&service, "general").await;
    let (store, old) = (Network::Store, FIRST.address(Network::Store));
    for (round, absence) in [Duration::ZERO, Duration::from_secs(5)]
        .into_iter()
        .enumerate()
    {
        let old = match round {
            0 => old,
            _ => store.address(49 + round as u8),
        };
        let new = store.address(50 + round as u8);
        service.lab.take_address(FIRST, store, old);
        // Somebody else has it from now on, and knows nothing of its connections.
        service.lab.give_address(Host::Stranger, store, old);
        sleep(absence).await;
        service.lab.give_address(FIRST, store, new);
        let began = Instant::now();
        service.becomes_ready(0, true).await;
        traffic.flows().await;
        println!(
            "ready and flowing {:?} after it has an address",
            began.elapsed()
        );
    }
    traffic.audit().await;
}

#[tokio::test]
#[ignore = "run by scripts/test network"]
async fn who_sits_on_a_node_that_is_cut_off_from_redis_is_served_elsewhere() {
    let service = Service::start(2).await;
    let [node, redis] = ends(FIRST, Host::Redis, Network::Store);
    let name = service.name_of(FIRST);
    for (round, ways) in [
        vec![(node, redis, Wall::Silent)],
        vec![(redis, node, Wall::Silent)],
        vec![(node, redis, Wall::Silent), (redis, node, Wall::Silent)],
        vec![(node, redis, Wall::Refusing), (redis, node, Wall::Refusing)],
    ]
    .into_iter()
    .enumerate()
    {
        service.is_given_clients(&name).await;
        let mut traffic = Traffic::start(&service, &format!("round-{round}")).await;
        traffic.flows_for(PROBED).await;
        for &(from, to, wall) in &ways {
            service.lab.block(from, to, wall);
        }
        service.becomes_ready(0, false).await;
        let began = Instant::now();
        traffic.leaves(&name).await;
        println!("{ways:?}: nobody is on it after {:?}", began.elapsed());
        traffic.flows().await;
        service.lab.heal();
        service.becomes_ready(0, true).await;
        traffic.flows().await;
        traffic.audit().await;
    }
}

#[tokio::test]
#[ignore = "run by scripts/test network"]
async fn when_redis_is_cut_off_from_all_nobody_is_sent_anywhere() {
    let service = Service::start(3).await;
    let mut traffic = Traffic::start(&service, "general").await;
    for wall in [Wall::Silent, Wall::Refusing] {
        let before = traffic.losses();
        for number in 0..3 {
            let [node, redis] = ends(Host::Node(number), Host::Redis, Network::Store);
            service.lab.block(node, redis, wall);
            service.lab.block(redis, node, wall);
        }
        for number in 0..3 {
            service.becomes_ready(number, false).await;
        }
        // Longer than it takes to send everybody away from a node that is alone.
        sleep(Duration::from_secs(8)).await;
        service.lab.heal();
        traffic.flows().await;
        for number in 0..3 {
            service.becomes_ready(number, true).await;
        }
        assert_eq!(traffic.losses(), before, "everybody stayed");
    }
    traffic.audit().await;
}

#[tokio::test]
#[ignore = "run by scripts/test network"]
async fn who_is_on_a_node_that_is_cut_off_from_the_balancer_comes_back_elsewhere() {
    let service = Service::start(2).await;
    let [node, balancer] = ends(FIRST, Host::Balancer, Network::Edge);
    let name = service.name_of(FIRST);
    for wall in [Wall::Silent, Wall::Refusing] {
        service.is_given_clients(&name).await;
        let mut traffic = Traffic::start(&service, &format!("{wall:?}")).await;
        service.lab.block(node, balancer, wall);
        service.lab.block(balancer, node, wall);
        traffic.leaves(&name).await;
        traffic.flows().await;
        assert!(service.is_ready(0), "it has lost nothing that it needs");
        service.lab.heal();
        traffic.audit().await;
    }
}

#[tokio::test]
#[ignore = "run by scripts/test network"]
async fn clients_that_lose_the_balancer_for_a_while_come_back() {
    let service = Service::start(2).await;
    let mut traffic = Traffic::start(&service, "general").await;
    let [clients, balancer] = ends(Host::Clients, Host::Balancer, Network::Edge);
    for (from, to, wall) in [
        (clients, balancer, Wall::Silent),
        (balancer, clients, Wall::Silent),
        (balancer, clients, Wall::Refusing),
    ] {
        service.lab.block(from, to, wall);
        // Longer than either side takes the other for alive.
        sleep(Duration::from_secs(7)).await;
        service.lab.heal();
        traffic.flows().await;
    }
    traffic.audit().await;
}

#[tokio::test]
#[ignore = "run by scripts/test network"]
async fn a_long_way_to_redis_that_loses_packets_costs_time_and_nothing_else() {
    let mut service = Service::start(2).await;
    let mut traffic = Traffic::start(&service, "general").await;
    let [node, redis] = ends(FIRST, Host::Redis, Network::Store);
    service
        .lab
        .delay(FIRST, Host::Redis, Network::Store, [40, 20]);
    // There and back, for the connection and for the answer.
    let asked = Instant::now();
    let mut asking = FIRST.command("redis-cli");
    asking.args(["-h", &redis.to_string(), "ping"]);
    assert!(asking.output().unwrap().status.success());
    let took = asked.elapsed();
    assert!(took >= Duration::from_millis(160), "a short way: {took:?}");
    traffic.flows().await;
    service.lab.lose(node, redis, 3);
    let before = traffic.losses();
    for _ in 0..4 {
        traffic.flows().await;
    }
    assert_eq!(traffic.losses(), before, "no client noticed");
    let log = service.log(FIRST);
    assert!(!log.contains("answers nothing any more"), "{log}");
    traffic.audit().await;
}
