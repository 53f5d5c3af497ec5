//! `fanout`: messages to every member of a few big rooms. At a rate (open loop),
//! with a number in flight (closed loop), or as a sweep for the highest rate.

use clap::Args;

use crate::{
    flags::{Common, positive},
    outcome::Outcome,
};

use super::{Load, Pace, Stage, figures, sweep};

/// The flags of `fanout`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Rooms
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    pub(crate) rooms: usize,

    /// Connections in each room, each a user of its own
    #[arg(long, default_value_t = 1000, value_name = "NUMBER")]
    pub(crate) members: usize,

    /// Connections beside them that are in no room and hold still
    #[arg(long, default_value_t = 0, value_name = "NUMBER")]
    pub(crate) idle: usize,

    /// Messages a second, of all rooms together; latencies count from the times at which they were due
    #[arg(long, default_value_t = 50.0, value_name = "PER_SECOND", value_parser = positive)]
    pub(crate) rate: f64,

    /// Instead of a rate: always so many messages under way, for what can be carried at most
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["rate", "sweep"], value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) in_flight: Option<u32>,

    /// Instead of a rate: look for the highest one whose p99 stays under --limit-ms, with nothing missing
    #[arg(long)]
    pub(crate) sweep: bool,

    /// What p99 must stay under in a sweep
    #[arg(long, default_value_t = 25.0, value_name = "MS", value_parser = positive, requires = "sweep")]
    pub(crate) limit_ms: f64,

    #[command(flatten)]
    pub(crate) common: Common,
}

/// How long it is measured, where nothing else is said.
const SECONDS: f64 = 10.0;
/// How long each step of a sweep is measured.
const STEP_SECONDS: f64 = 2.0;
const WARMUP: f64 = 2.0;
const STEP_WARMUP: f64 = 0.5;

/// Runs it.
///
/// # Errors
///
/// Where nothing can be measured, with what to do.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let Arguments {
        rooms,
        members,
        idle,
        common,
        ..
    } = arguments;
    let mut stage = Stage::set_up(common, "fanout", rooms * members + idle)?;
    stage.setting("rooms", rooms);
    stage.setting("members", members);
    fill_rooms(&mut stage, *rooms, *members);
    if *idle > 0 {
        stage.setting("idle connections", idle);
        for index in 0..*idle {
            stage.engine.add_seat(stage.engine.target_of(index), &[]);
        }
    }
    stage.connect_all()?;
    if arguments.sweep {
        stage.setting("sweep", format!("p99 under {} ms", arguments.limit_ms));
        let sweep = sweep::Sweep {
            start: arguments.rate,
            limit_us: (arguments.limit_ms * 1000.0) as u64,
            warmup: common.warmup.unwrap_or(STEP_WARMUP),
            seconds: common.seconds.unwrap_or(STEP_SECONDS),
            members: *members,
        };
        return sweep.run(stage);
    }
    let pace = match arguments.in_flight {
        Some(messages) => Pace::InFlight(messages as usize),
        None => Pace::Rate(arguments.rate),
    };
    measure(stage, pace, *members, common)
}

/// Makes rooms with so many members each, the members of each spread over all
/// targets.
pub(super) fn fill_rooms(stage: &mut Stage, rooms: usize, members: usize) {
    let engine = &mut stage.engine;
    let rooms: Vec<_> = (0..rooms).map(|_| engine.add_room()).collect();
    for index in 0..members {
        for &room in &rooms {
            engine.add_seat(engine.target_of(index), &[room]);
        }
    }
}

/// Warms up, measures, and concludes.
pub(super) fn measure(
    mut stage: Stage,
    pace: Pace,
    members: usize,
    common: &Common,
) -> anyhow::Result<Outcome> {
    match pace {
        Pace::Rate(rate) => stage.setting("rate", rate),
        Pace::InFlight(messages) => stage.setting("in flight", messages),
    }
    let seconds = common.seconds.unwrap_or(SECONDS);
    let mut load = Load::start(&mut stage, pace);
    stage.progress.begin("warming up", 0, "");
    load.go_on(&mut stage, common.warmup.unwrap_or(WARMUP))?;
    stage.begin(seconds);
    load.go_on(&mut stage, seconds)?;
    let measured = stage.end()?;
    let figures = figures::of_messages(&measured, members, pace);
    Ok(stage.conclude(measured, figures))
}
