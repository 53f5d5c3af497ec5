//! `slow`: in a room some members stop reading. What do the others notice, and
//! what becomes of those who stopped? Phases with and without them alternate,
//! so that both are measured under the same conditions.

use anyhow::ensure;
use clap::Args;

use super::{Load, Measured, Pace, Stage, figures::of_quantiles};
use crate::{
    engine::{Happened, Latency, SeatId},
    flags::{Common, at_least_one, positive},
    outcome::{Better, Counts, Figure, Moment, Outcome},
};

/// How long each phase is, where nothing else is said.
const SECONDS: f64 = 5.0;
const WARMUP: f64 = 1.0;
/// What the kernel keeps for a stalled reader: little, so that the server
/// notices soon, but more than a segment of the loopback.
const RECEIVE_BUFFER: usize = 128 << 10;
/// What the nodes are told, where nothing else is set. With the default outbox
/// of 1 MiB a phase would last much longer and show the same. The kernel itself
/// keeps megabytes for a stalled reader: it misses more events than a node
/// usually keeps, and gives at once, and here each of them is to be counted.
const SETTINGS: [(&str, &str); 3] = [
    ("limits.outbox_bytes", "65536"),
    ("limits.catch_up", "200000"),
    ("rooms.max_messages", "200000"),
];
/// Deliveries of a phase are over when none came for so long.
const QUIET_S: f64 = 0.3;
/// How many times its length a phase goes on at most, until the stalled readers are closed.
const MOST_PHASES: u32 = 6;
/// How long the stalled readers may take to get what they missed.
const PATIENCE_S: f64 = 120.0;

/// The flags of `slow`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Connections in the room
    #[arg(long, default_value_t = 100, value_name = "NUMBER", value_parser = at_least_one)]
    pub(crate) members: usize,

    /// Those of them that stop reading in every second phase
    #[arg(long, default_value_t = 1, value_name = "NUMBER", value_parser = at_least_one)]
    pub(crate) stalled: usize,

    /// Messages a second
    #[arg(long, default_value_t = 1000.0, value_name = "PER_SECOND", value_parser = positive)]
    pub(crate) rate: f64,

    /// Pairs of phases
    #[arg(long, default_value_t = 2, value_name = "NUMBER", value_parser = at_least_one)]
    pub(crate) rounds: usize,

    #[command(flatten)]
    pub(crate) common: Common,
}

/// Runs it.
///
/// # Errors
///
/// Where nothing can be measured, with what to do.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let Arguments {
        members,
        stalled,
        rate,
        rounds,
        ..
    } = *arguments;
    ensure!(
        stalled < members,
        "with --stalled {stalled} of --members {members} nobody reads"
    );
    let mut common = arguments.common.clone();
    for (key, value) in SETTINGS {
        common.set_by_default(key, value);
    }
    let mut stage = Stage::set_up(&common, "slow", members)?;
    stage.setting("members", members);
    stage.setting("stalled", stalled);
    stage.setting("rate", rate);
    stage.engine.add_seats(members, members);
    let seats: Vec<SeatId> = stage.engine.seat_ids().collect();
    let slow = &seats[members - stalled..];
    for &seat in slow {
        stage.engine.set_receive_buffer(seat, RECEIVE_BUFFER);
    }
    stage.connect_all()?;

    let warmup = arguments.common.warmup.unwrap_or(WARMUP);
    Load::start(&mut stage, Pace::Rate(rate)).go_on(&mut stage, warmup)?;
    let seconds = arguments.common.seconds.unwrap_or(SECONDS);
    let began = stage.engine.now();
    stage.begin(seconds * 2.0 * rounds as f64);
    let mut run = Run {
        seconds,
        rate,
        slow,
        ..Run::default()
    };
    for _ in 0..rounds {
        run.undisturbed(&mut stage)?;
        run.with_stalled_readers(&mut stage)?;
    }
    let took_s = stage.engine.now().seconds_since(began);
    let figures = run.figures();
    run.remark(&mut stage, rounds * stalled);
    let measured = run.measured(&stage, took_s);
    Ok(stage.conclude(measured, figures))
}

/// Both kinds of phases, and what came of them.
#[derive(Default)]
struct Run<'a> {
    seconds: f64,
    rate: f64,
    slow: &'a [SeatId],
    without: Latency,
    with: Latency,
    counts: Counts,
    closed_as_slow: u64,
    /// Connections that ended for another reason.
    lost: u64,
    timeline: Vec<Moment>,
}

impl Run<'_> {
    fn undisturbed(&mut self, stage: &mut Stage) -> anyhow::Result<()> {
        stage.engine.begin();
        Load::start(stage, Pace::Rate(self.rate)).go_on(stage, self.seconds)?;
        let latency = self.end_phase(stage)?;
        self.without.add(&latency);
        self.count(stage);
        Ok(())
    }

    fn with_stalled_readers(&mut self, stage: &mut Stage) -> anyhow::Result<()> {
        for &seat in self.slow {
            stage.engine.stall(seat);
        }
        let closed_before = closed_as_slow(stage)?;
        stage.engine.begin();
        let mut load = Load::start(stage, Pace::Rate(self.rate));
        for _ in 0..MOST_PHASES {
            load.go_on(stage, self.seconds)?;
            let closed = closed_as_slow(stage)? - closed_before;
            if closed >= self.slow.len() as f64 || stage.fleet.is_none() || stage.stop.requested() {
                break;
            }
        }
        let latency = self.end_phase(stage)?;
        self.with.add(&latency);
        self.bring_back(stage)
    }

    /// Waits for what is on its way to those who read, and takes the latencies
    /// before those who do not blur them.
    fn end_phase(&mut self, stage: &mut Stage) -> anyhow::Result<Latency> {
        stage.engine.end();
        let mut before = None;
        while before != Some(stage.engine.tally().delivered) {
            before = Some(stage.engine.tally().delivered);
            let quiet = stage.engine.now().plus_seconds(QUIET_S);
            while stage.engine.now() < quiet {
                stage.engine.turn(quiet)?;
            }
        }
        stage.engine.counts();
        let tally = stage.engine.tally();
        let offset = self.timeline.last().map_or(0.0, |row| row.at_s);
        self.timeline
            .extend(tally.timeline.iter().cloned().map(|mut row| {
                row.at_s += offset;
                row
            }));
        Ok(tally.delivery.clone())
    }

    /// Has the stalled ones read again, and come back where they were closed,
    /// until they have everything.
    fn bring_back(&mut self, stage: &mut Stage) -> anyhow::Result<()> {
        for &seat in self.slow {
            stage.engine.read_on(seat);
        }
        let end = stage.engine.now().plus_seconds(PATIENCE_S);
        while stage.engine.now() < end && !stage.stop.requested_twice() {
            stage.engine.turn(stage.engine.now().plus_seconds(0.02))?;
            self.take_in(stage);
            if stage.engine.joined() == stage.engine.seats() && stage.engine.unsettled() == 0 {
                break;
            }
        }
        self.count(stage);
        Ok(())
    }

    fn take_in(&mut self, stage: &mut Stage) {
        for happened in stage.engine.take_happened() {
            if let Happened::Lost { seat, .. } = happened {
                match self.slow.contains(&seat) {
                    true => self.closed_as_slow += 1,
                    false => self.lost += 1,
                }
                stage.engine.connect(seat, stage.engine.now());
            }
        }
    }

    /// Adds what was counted in a pair of phases.
    fn count(&mut self, stage: &mut Stage) {
        let counts = stage.engine.counts();
        self.counts.sent += counts.sent;
        self.counts.acknowledged += counts.acknowledged;
        self.counts.refused += counts.refused;
        self.counts.expected += counts.expected;
        self.counts.received += counts.received;
        self.counts.connections = counts.connections;
        self.counts.missing = counts.missing;
        self.counts.doubled = counts.doubled;
        self.counts.disordered = counts.disordered;
        self.counts.lost_connections = self.lost;
    }

    fn measured(self, stage: &Stage, seconds: f64) -> Measured {
        Measured {
            seconds,
            delivered: self.counts.received,
            cpu_us: stage.sampler.cpu_us(),
            counts: self.counts,
            latencies: [
                ("delivery without".to_owned(), self.without.quantiles()),
                ("delivery with".to_owned(), self.with.quantiles()),
            ]
            .into(),
            lateness: stage.engine.tally().lateness.quantiles(),
            timeline: self.timeline,
        }
    }

    fn figures(&self) -> Vec<Figure> {
        let (with, without) = (self.with.quantiles(), self.without.quantiles());
        let ratio = with.p99_us as f64 / without.p99_us.max(1) as f64;
        let mut figures = vec![Figure::new(
            "delivery_p99_ratio",
            "p99 of a delivery to the others, with against without",
            "",
            ratio,
            Better::Lower,
        )];
        figures.extend(of_quantiles(
            "delivery_with",
            "a delivery with stalled readers",
            &with,
        ));
        figures.extend(of_quantiles(
            "delivery_without",
            "a delivery without",
            &without,
        ));
        figures
    }

    fn remark(&self, stage: &mut Stage, stalls: usize) {
        stage.remark(format!(
            "{} of {stalls} stalled readers were closed, came back with their cursors and have everything",
            self.closed_as_slow
        ));
    }
}

/// How many readers the nodes closed because they were slow; 0 where they are not ours to ask.
fn closed_as_slow(stage: &Stage) -> anyhow::Result<f64> {
    match &stage.fleet {
        Some(fleet) => fleet.metric("rookery_slow_consumers_closed_total"),
        None => Ok(0.0),
    }
}
