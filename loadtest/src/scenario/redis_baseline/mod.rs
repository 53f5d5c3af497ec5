//! `redis-baseline`: what Redis itself costs per message, without a chat around it: the
//! same JSON as Rookery stores, over 100 rooms, with two subscribers, pipelined by the hundred.

mod command;
mod load;
mod subscriber;

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};

use self::command::Kind;
use super::{measured::cpu_us_of, stage};
use crate::{
    flags::Output,
    fleet::{Durability, Folder, Pinning, Redis},
    measure::{Sampler, Watched, machine},
    outcome::{Better, Counts, Figure, Outcome, Role},
};

/// The flags of `redis-baseline`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// What is done for each message
    #[arg(long, value_enum, default_value_t = Kind::ZaddPublish)]
    kind: Kind,

    /// Messages, rounded up to a hundred
    #[arg(long, default_value_t = 500_000, value_name = "NUMBER")]
    messages: u64,

    /// Which cores: off, or for example redis=0,generator=1
    #[arg(long, default_value = "redis=0,generator=1", value_name = "CORES")]
    pin: Pinning,

    #[command(flatten)]
    pub(crate) output: Output,
}

/// Runs it.
///
/// # Errors
///
/// Where nothing can be measured, with what to do.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let started_at_ms = stage::since_epoch().as_millis() as u64;
    let kind = arguments.kind;
    let folder = Folder::new()?;
    let redis = Redis::start(Durability::None, arguments.pin.of_redis(1), folder.path())?;
    let watched = Watched::new(Role::Redis, "redis", redis.pid());
    let sampler = Sampler::start([Watched::ourselves(), watched]);
    if let Some(cores) = arguments.pin.of_generator() {
        cores.pin_this_thread()?;
    }
    let (messages, took) = load::run(&redis, kind, arguments.messages, || sampler.begin())?;
    let cpu_us = cpu_us_of(&sampler.cpu_us(), Role::Redis).unwrap_or(0);
    let seconds = took.as_secs_f64();
    let name = kind.to_possible_value();
    let name = name.map_or_else(String::new, |name| name.get_name().to_owned());
    let settings = [
        ("kind", name),
        ("messages", messages.to_string()),
        ("message bytes", command::message(0).len().to_string()),
    ];
    Ok(Outcome {
        scenario: "redis-baseline".into(),
        system: "redis".into(),
        started_at_ms,
        machine: machine(),
        command: stage::command_line(),
        settings: settings.map(|(key, value)| (key.into(), value)).into(),
        seconds,
        counts: Counts {
            connections: load::SUBSCRIBERS as u64 + 1,
            sent: messages,
            acknowledged: messages,
            ..Counts::default()
        },
        latencies: BTreeMap::new(),
        timeline: Vec::new(),
        processes: sampler.finish(),
        figures: figures(messages as f64, seconds, cpu_us as f64),
        steps: Vec::new(),
        remarks: Vec::new(),
    })
}

fn figures(messages: f64, seconds: f64, cpu_us: f64) -> Vec<Figure> {
    vec![
        Figure::new(
            "redis_cpu_us_per_message",
            "Redis CPU per message",
            "µs",
            cpu_us / messages,
            Better::Lower,
        ),
        Figure::new(
            "messages_per_s",
            "Messages",
            "1/s",
            messages / seconds,
            Better::Higher,
        ),
        // Near 1 where Redis is what bounds the run.
        Figure::new(
            "redis_cores",
            "Cores that Redis used",
            "",
            cpu_us / 1e6 / seconds,
            Better::Higher,
        ),
    ]
}
