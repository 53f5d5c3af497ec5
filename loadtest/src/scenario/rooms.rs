//! `rooms`: many small rooms, at a rate or saturated. With several nodes every
//! room has members on each of them.

use clap::Args;

use crate::{
    flags::{Common, positive},
    outcome::Outcome,
};

use super::{Pace, Stage, fanout};

/// The flags of `rooms`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Rooms
    #[arg(long, default_value_t = 100, value_name = "NUMBER")]
    pub(crate) rooms: usize,

    /// Connections in each room, each a user of its own
    #[arg(long, default_value_t = 10, value_name = "NUMBER")]
    pub(crate) members: usize,

    /// Messages a second, of all rooms together, instead of saturation
    #[arg(long, value_name = "PER_SECOND", value_parser = positive)]
    pub(crate) rate: Option<f64>,

    /// Messages under way, of all rooms together [default: 4 in each room]
    #[arg(long, value_name = "NUMBER", conflicts_with = "rate", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) in_flight: Option<u32>,

    #[command(flatten)]
    pub(crate) common: Common,
}

/// Messages under way in each room, where nothing else is said.
const IN_FLIGHT_PER_ROOM: usize = 4;

/// Runs it.
///
/// # Errors
///
/// Where nothing can be measured, with what to do.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let Arguments {
        rooms,
        members,
        common,
        ..
    } = arguments;
    let mut stage = Stage::set_up(common, "rooms", rooms * members)?;
    stage.setting("rooms", rooms);
    stage.setting("members", members);
    fanout::fill_rooms(&mut stage, *rooms, *members);
    stage.connect_all()?;
    let pace = match (arguments.rate, arguments.in_flight) {
        (Some(rate), _) => Pace::Rate(rate),
        (None, Some(messages)) => Pace::InFlight(messages as usize),
        (None, None) => Pace::InFlight(rooms * IN_FLIGHT_PER_ROOM),
    };
    fanout::measure(stage, pace, *members, common)
}
