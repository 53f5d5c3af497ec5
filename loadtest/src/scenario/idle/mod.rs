//! `idle`: many connections that hold still. What does each cost the node, the
//! kernel and the generator? Then one message to all of them.
//!
//! The connections are held by processes of their own, as many as the limit of
//! open files asks for, so that a machine can be filled with them.

mod crew;
mod figures;
mod memory;
mod part;
mod talk;

use std::time::Duration;

use anyhow::{bail, ensure};
use clap::Args;

use self::{
    crew::Crew,
    memory::Memory,
    part::monotonic_ns,
    talk::{Heard, Share},
};
pub(crate) use self::{crew::PART_COMMAND, part::run as run_part};
use super::Stage;
use crate::{
    engine::open_files,
    flags::{Common, at_least_one},
    fleet::ROOKERY,
    measure::low_limits,
    outcome::{Outcome, Role},
};

/// How long everybody holds still, where nothing else is said.
const SECONDS: f64 = 10.0;
/// How long what the servers still have to do may take after the last one has joined.
const SETTLING: Duration = Duration::from_secs(3);
/// Files that a process has open beside its connections.
const FILES_BESIDE: u64 = 200;
/// Connections in the making at once, of all parts together.
const HANDSHAKES: usize = 512;
/// Heartbeats a second that a machine answers without being kept from the rest.
const MOST_HEARTBEATS_PER_S: f64 = 3000.0;
/// The heartbeat of a node, where nothing else is set.
const HEARTBEAT_S: f64 = 25.0;
/// How long each connection may take to be made, and each delivery of the message.
const PER_CONNECTION: Duration = Duration::from_millis(2);
const PATIENCE: Duration = Duration::from_secs(120);
/// How long before it is sent the message is announced to the parts.
const ANNOUNCED_BEFORE: Duration = Duration::from_secs(2);

/// The flags of `idle`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Arguments {
    /// Connections, each a user of its own and a member of one room
    #[arg(long, default_value_t = 10_000, value_name = "NUMBER", value_parser = at_least_one)]
    pub(crate) connections: usize,

    /// Connections in each room
    #[arg(long, default_value_t = 100, value_name = "NUMBER", value_parser = at_least_one)]
    pub(crate) members: usize,

    /// Everybody in one room
    #[arg(long, conflicts_with = "members")]
    pub(crate) one_room: bool,

    /// Processes that hold the connections [default: as many as the limit of open files asks for]
    #[arg(long, value_name = "NUMBER", value_parser = at_least_one)]
    pub(crate) processes: Option<usize>,

    /// Raise the limits of the kernel that are too low, until the machine restarts; needs root
    #[arg(long)]
    pub(crate) raise_limits: bool,

    #[command(flatten)]
    pub(crate) common: Common,
}

/// Runs it.
///
/// # Errors
///
/// Where nothing can be measured, with what to do.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let arguments = with_defaults(arguments)?;
    let limits = low_limits(arguments.connections as u64);
    if arguments.raise_limits {
        limits.iter().try_for_each(|limit| limit.raise())?;
    }
    let mut stage = Stage::set_up(&arguments.common, "idle", 1)?;
    if !arguments.raise_limits {
        for limit in &limits {
            stage
                .progress
                .remark(&format!("{}, or --raise-limits", limit.advice()));
        }
    }
    note_settings(&mut stage, &arguments);
    let mut idle = Idle::start(&mut stage, &arguments)?;
    idle.connect(&mut stage, &arguments)?;
    idle.hold_still(&mut stage, arguments.common.seconds.unwrap_or(SECONDS))?;
    idle.message_to_all(&mut stage, &arguments)?;
    for (reason, count) in &idle.heard.reasons {
        stage.remark(format!("{count} × {reason}"));
    }
    let measured = idle.measured(&stage);
    let figures = idle.figures();
    Ok(stage.conclude(measured, figures))
}

/// What follows from the number of connections.
fn with_defaults(arguments: &Arguments) -> anyhow::Result<Arguments> {
    let mut arguments = arguments.clone();
    let per_process = most_per_process()?;
    let needed = arguments.connections.div_ceil(per_process);
    let processes = *arguments.processes.get_or_insert(needed);
    ensure!(
        processes >= needed,
        "{processes} processes hold {per_process} connections each by their limit of open files (`ulimit -Hn`): {needed} are needed"
    );
    let common = &mut arguments.common;
    if common.targets.is_empty() && common.system == ROOKERY {
        // As many nodes as their limit of open files asks for.
        common.nodes = common.nodes.max(needed);
    }
    let heartbeat_s = (arguments.connections as f64 / MOST_HEARTBEATS_PER_S).max(HEARTBEAT_S);
    if heartbeat_s > HEARTBEAT_S {
        common.set_by_default("heartbeat_ms", (heartbeat_s * 1000.0).round());
    }
    Ok(arguments)
}

fn most_per_process() -> anyhow::Result<usize> {
    let hard = open_files::most()?;
    let most = hard.saturating_sub(FILES_BESIDE);
    ensure!(
        most > 0,
        "the limit of open files, {hard}, leaves none for connections"
    );
    Ok(usize::try_from(most).unwrap_or(usize::MAX))
}

fn note_settings(stage: &mut Stage, arguments: &Arguments) {
    stage.setting("connections", arguments.connections);
    stage.setting("processes", arguments.processes.unwrap_or(1));
    stage.setting("nodes", stage.nodes());
    match arguments.one_room {
        true => stage.setting("rooms", "one of all"),
        false => stage.setting("members", arguments.members),
    }
    for (key, value) in &arguments.common.settings {
        stage.setting(key, value);
    }
}

/// The run so far.
struct Idle {
    crew: Crew,
    connections: usize,
    memory_before: Memory,
    /// What all connections together cost.
    memory: Memory,
    connect_s: f64,
    connect_cpu_us: u64,
    held_s: f64,
    held_cpu_us: u64,
    heartbeats: u64,
    lost: u64,
    heard: Heard,
}

impl Idle {
    fn start(stage: &mut Stage, arguments: &Arguments) -> anyhow::Result<Self> {
        let shares = shares(stage, arguments);
        let cores = arguments.common.pin.of_generators(shares.len());
        let crew = Crew::start(&shares, cores.as_ref())?;
        for process in crew.watched() {
            stage.sampler.add(process);
        }
        Ok(Self {
            memory_before: Memory::now(stage)?,
            crew,
            connections: arguments.connections,
            memory: Memory::default(),
            connect_s: 0.0,
            connect_cpu_us: 0,
            held_s: 0.0,
            held_cpu_us: 0,
            heartbeats: 0,
            lost: 0,
            heard: Heard::default(),
        })
    }

    fn connect(&mut self, stage: &mut Stage, arguments: &Arguments) -> anyhow::Result<()> {
        let connections = arguments.connections as u64;
        stage.progress.begin("connecting", connections, "");
        stage.sampler.begin();
        let began = stage.engine.now();
        let end = began.plus_seconds(patience(arguments.connections).as_secs_f64());
        self.crew.begin()?;
        while self.crew.standing().joined < connections {
            self.crew.listen(Duration::from_millis(100))?;
            stage.progress.at(self.crew.standing().joined);
            self.check(stage)?;
            let joined = self.crew.standing().joined;
            ensure!(
                stage.engine.now() < end,
                "only {joined} of {connections} joined in time"
            );
        }
        self.connect_s = stage.engine.now().seconds_since(began);
        self.crew.listen(SETTLING)?;
        self.connect_cpu_us = stage.cpu_us_of(Role::Node);
        self.memory = Memory::now(stage)? - self.memory_before;
        Ok(())
    }

    /// Nothing happens but heartbeats.
    fn hold_still(&mut self, stage: &mut Stage, seconds: f64) -> anyhow::Result<()> {
        stage
            .progress
            .begin("holding still", seconds.round() as u64, "s");
        let began = stage.engine.now();
        let (cpu, heartbeats) = (stage.cpu_us_of(Role::Node), self.crew.standing().heartbeats);
        while stage.engine.now().seconds_since(began) < seconds && !stage.stop.requested() {
            self.crew.listen(Duration::from_millis(200))?;
            stage
                .progress
                .at(stage.engine.now().seconds_since(began) as u64);
            self.check(stage)?;
        }
        self.held_s = stage.engine.now().seconds_since(began);
        self.held_cpu_us = stage.cpu_us_of(Role::Node) - cpu;
        self.heartbeats = self.crew.standing().heartbeats - heartbeats;
        Ok(())
    }

    /// One message to each connection: in the room of all, or one in each room.
    fn message_to_all(&mut self, stage: &mut Stage, arguments: &Arguments) -> anyhow::Result<()> {
        stage.progress.begin("a message to all", 0, "");
        let at_ns = monotonic_ns() + ANNOUNCED_BEFORE.as_nanos() as u64;
        let senders = match arguments.one_room {
            true => 1,
            false => self.crew.len(),
        };
        self.crew
            .expect(senders..self.crew.len(), at_ns, PATIENCE)?;
        for part in 0..senders {
            self.crew.send(part, at_ns)?;
        }
        for heard in self.crew.account(patience(arguments.connections))? {
            self.heard.add(heard);
        }
        self.lost = self.crew.standing().lost;
        Ok(())
    }

    fn check(&self, stage: &mut Stage) -> anyhow::Result<()> {
        if let Some(fleet) = &mut stage.fleet {
            fleet.check()?;
        }
        if stage.stop.requested() && self.crew.standing().joined < self.connections as u64 {
            bail!("ended before anything was measured");
        }
        Ok(())
    }
}

/// How the connections are divided among the parts.
fn shares(stage: &Stage, arguments: &Arguments) -> Vec<Share> {
    let parts = arguments.processes.unwrap_or(1);
    let members = (!arguments.one_room).then_some(arguments.members);
    let settings = stage.engine.settings();
    (0..parts)
        .map(|part| Share {
            part: part as u16,
            run: settings.run.clone(),
            targets: settings.targets.iter().map(|target| target.url()).collect(),
            dialect: settings.wire.dialect(),
            secret: settings.wire.secret().to_owned(),
            connections: share_of(arguments.connections, parts, part),
            members,
            text_bytes: settings.text_bytes,
            handshakes: (HANDSHAKES / parts).max(4),
            connect_ms: patience(arguments.connections).as_millis() as u64,
        })
        .collect()
}

/// The first parts take one more each where it does not come out even.
fn share_of(connections: usize, parts: usize, part: usize) -> usize {
    connections / parts + usize::from(part < connections % parts)
}

fn patience(connections: usize) -> Duration {
    PATIENCE + PER_CONNECTION * connections as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up() {
        for (connections, parts) in [(10, 3), (60_000, 4), (1, 1), (2, 5)] {
            let shares = (0..parts).map(|part| share_of(connections, parts, part));
            assert_eq!(shares.sum::<usize>(), connections);
        }
    }
}
