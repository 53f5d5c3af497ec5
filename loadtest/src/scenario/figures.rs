//! The numbers that matter of a run that sent messages.

use crate::outcome::{Better, Figure, Quantiles, Role};

use super::{Measured, Pace};

/// What is shown of messages to rooms of so many members, the most important first.
pub(super) fn of_messages(measured: &Measured, members: usize, pace: Pace) -> Vec<Figure> {
    let mut figures = match pace {
        Pace::Rate(_) => [costs(measured, members), rates(measured, members)].concat(),
        Pace::InFlight(_) => [rates(measured, members), costs(measured, members)].concat(),
    };
    if let Some(delivery) = measured.latencies.get("delivery") {
        figures.extend(of_quantiles("delivery", "a delivery", delivery));
    }
    figures
}

fn rates(measured: &Measured, members: usize) -> Vec<Figure> {
    let deliveries = measured.delivered as f64 / measured.seconds.max(1e-9);
    let messages = deliveries / members.max(1) as f64;
    vec![
        Figure::new(
            "deliveries_per_s",
            "Deliveries",
            "1/s",
            deliveries,
            Better::Higher,
        ),
        Figure::new(
            "messages_per_s",
            "Messages",
            "1/s",
            messages,
            Better::Higher,
        ),
    ]
}

fn costs(measured: &Measured, members: usize) -> Vec<Figure> {
    let deliveries = measured.delivered.max(1) as f64;
    let messages = deliveries / members.max(1) as f64;
    let costs = [
        (
            "cpu_us_per_delivery",
            "CPU per delivery",
            Role::Node,
            deliveries,
        ),
        (
            "cpu_us_per_message",
            "CPU per message",
            Role::Node,
            messages,
        ),
        (
            "redis_cpu_us_per_message",
            "CPU of Redis per message",
            Role::Redis,
            messages,
        ),
        (
            "generator_cpu_us_per_delivery",
            "The generator's own CPU per delivery",
            Role::Generator,
            deliveries,
        ),
    ];
    let nodes = measured.processes_of(Role::Node).max(1) as f64;
    let costs = costs
        .into_iter()
        .chain((measured.processes_of(Role::Redis) > 0).then_some((
            "node_cpu_us_per_message",
            "CPU per message of each node",
            Role::Node,
            messages * nodes,
        )));
    let known = costs.filter_map(|(key, name, role, per)| {
        let cpu_us = measured.cpu_us_of(role)? as f64;
        Some(Figure::new(key, name, "µs", cpu_us / per, Better::Lower))
    });
    known.collect()
}

/// p50 and p99 of something.
pub(super) fn of_quantiles(key: &str, what: &str, quantiles: &Quantiles) -> [Figure; 2] {
    let one = |at: &str, value| {
        let key = format!("{key}_{at}_us");
        Figure::new(
            &key,
            &format!("{at} of {what}"),
            "µs",
            value as f64,
            Better::Lower,
        )
    };
    [one("p50", quantiles.p50_us), one("p99", quantiles.p99_us)]
}
