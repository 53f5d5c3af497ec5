//! `connect`: handshakes, one after the other: TCP, upgrade, `hello` and `join`.
//! As fast as they are accepted, or at a rate; or while a crowd is dropped.

mod churn;

use std::time::Duration;

use clap::Args;

use super::{Measured, Stage, figures::of_quantiles};
use crate::{
    engine::Schedule,
    flags::{Common, at_least_one, positive},
    outcome::{Better, Figure, Outcome, Role},
};

/// How long the servers may be busy with the last ones after they have joined,
/// telling others of them for example.
const SETTLING: Duration = Duration::from_millis(1500);

/// The flags of `connect`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Connections to make, each a user of its own; all stay open
    #[arg(long, default_value_t = 10_000, value_name = "NUMBER")]
    pub(crate) connections: usize,

    /// Connections in each room
    #[arg(long, default_value_t = 1000, value_name = "NUMBER", value_parser = at_least_one)]
    pub(crate) members: usize,

    /// Connections a second; latencies count from the times at which they were due [default: as fast as they are accepted, with --churn 200]
    #[arg(long, value_name = "PER_SECOND", value_parser = positive)]
    pub(crate) rate: Option<f64>,

    /// Connections in the making at once
    #[arg(long, default_value_t = 64, value_name = "NUMBER", value_parser = at_least_one)]
    pub(crate) handshakes: usize,

    /// Drop the connections all at once, and see how long new ones take meanwhile
    #[arg(long)]
    pub(crate) churn: bool,

    #[command(flatten)]
    pub(crate) common: Common,
}

/// Runs it.
///
/// # Errors
///
/// Where nothing can be measured, with what to do.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    if arguments.churn {
        return churn::run(arguments);
    }
    let connections = arguments.connections;
    let mut stage = Stage::set_up(&arguments.common, "connect", connections)?;
    stage.setting("connections", connections);
    stage.setting("members", arguments.members);
    stage.engine.allow_handshakes(arguments.handshakes);
    stage.engine.add_seats(connections, arguments.members);

    stage.progress.begin("connecting", connections as u64, "");
    stage.begin_span();
    let began = stage.engine.now();
    match arguments.rate {
        Some(rate) => {
            stage.setting("rate", rate);
            connect_at(&mut stage, rate)?;
        }
        None => {
            stage.setting("in the making", arguments.handshakes);
            connect_in_turn(&mut stage, arguments.handshakes)?;
        }
    }
    stage.connect_all()?;
    let seconds = stage.engine.now().seconds_since(began);
    let settled = stage.engine.now().plus_seconds(SETTLING.as_secs_f64());
    while stage.engine.now() < settled {
        stage.turn(settled)?;
    }
    let measured = stage.end()?;
    let figures = figures(&measured, connections, seconds);
    Ok(stage.conclude(measured, figures))
}

/// Begins to connect each seat when it is due.
fn connect_at(stage: &mut Stage, rate: f64) -> anyhow::Result<()> {
    let mut schedule = Schedule::new(stage.engine.now(), rate);
    for seat in stage.engine.seat_ids() {
        let due = schedule.next();
        while stage.engine.now() < due && !stage.stop.requested() {
            stage.turn(due)?;
        }
        schedule.take_due(due);
        stage.progress.at(stage.engine.joined() as u64);
        stage.engine.connect(seat, due);
    }
    Ok(())
}

/// Begins to connect a seat whenever fewer than so many are in the making, so
/// that latencies hold no waiting for others.
fn connect_in_turn(stage: &mut Stage, handshakes: usize) -> anyhow::Result<()> {
    for seat in stage.engine.seat_ids() {
        while stage.engine.connecting() >= handshakes && !stage.stop.requested() {
            stage.turn(stage.engine.now().plus_seconds(0.1))?;
        }
        stage.progress.at(stage.engine.joined() as u64);
        stage.engine.connect(seat, stage.engine.now());
    }
    Ok(())
}

fn figures(measured: &Measured, connections: usize, seconds: f64) -> Vec<Figure> {
    let connections = connections as f64;
    let per_connection = |role| Some(measured.cpu_us_of(role)? as f64 / connections);
    let costs = [
        ("cpu_us_per_connection", "CPU per connection", Role::Node),
        (
            "redis_cpu_us_per_connection",
            "CPU of Redis per connection",
            Role::Redis,
        ),
        (
            "generator_cpu_us_per_connection",
            "The generator's own CPU per connection",
            Role::Generator,
        ),
    ];
    let mut figures = vec![Figure::new(
        "connections_per_s",
        "Connections made",
        "1/s",
        connections / seconds.max(1e-9),
        Better::Higher,
    )];
    figures.extend(costs.into_iter().filter_map(|(key, name, role)| {
        Some(Figure::new(
            key,
            name,
            "µs",
            per_connection(role)?,
            Better::Lower,
        ))
    }));
    if let Some(connect) = measured.latencies.get("connect") {
        figures.extend(of_quantiles("connect", "a connection", connect));
    }
    figures
}
