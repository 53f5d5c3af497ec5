//! `outage`: nobody can be served for a while, and everybody tries again and
//! again as the protocol has it. How long until each is back, from the moment
//! from which somebody can be served?

mod breakdown;

use std::{cmp::Reverse, collections::BinaryHeap, time::Duration};

use anyhow::{Context, ensure};
use clap::Args;
use rand::Rng;

use self::breakdown::{Breakdown, BreakdownStep, What};
use super::Stage;
use crate::{
    engine::{Happened, Latency, Nanos, SeatId, TargetIndex},
    flags::{Common, at_least_one, positive},
    outcome::{Better, Figure, Outcome},
};

/// How long all may take to come back, from when they can.
const PATIENCE_S: f64 = 120.0;
/// How long a connection may take until it is in its rooms.
const ATTEMPT_S: f64 = 10.0;
/// How finely it is counted how many come at once, in seconds.
const STRIP_S: f64 = 0.1;

/// The flags of `outage`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// What breaks down
    #[arg(long, value_enum, default_value_t = What::Nodes)]
    what: What,

    /// For how long
    #[arg(long, default_value_t = 20.0, value_name = "SECONDS", value_parser = positive)]
    down: f64,

    /// Connections, each a user of its own
    #[arg(long, default_value_t = 19_000, value_name = "NUMBER", value_parser = at_least_one)]
    connections: usize,

    /// Connections in each room
    #[arg(long, default_value_t = 100, value_name = "NUMBER", value_parser = at_least_one)]
    members: usize,

    #[command(flatten)]
    pub(crate) common: Common,
}

/// Runs it.
///
/// # Errors
///
/// Where nothing can be measured, with what to do.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let connections = arguments.connections;
    ensure!(
        arguments.common.plan().redis.is_some(),
        "with the embedded store everything is lost with the node: say --store redis"
    );
    let mut stage = Stage::set_up(&arguments.common, "outage", connections)?;
    stage.setting("connections", connections);
    stage.setting("members", arguments.members);
    stage.setting("what", format!("{:?}", arguments.what).to_lowercase());
    stage.setting("down s", arguments.down);
    stage.engine.add_seats(connections, arguments.members);
    stage.connect_all()?;
    // Clients wait for themselves, not for each other.
    stage.engine.allow_handshakes(connections);
    stage.engine.give_up_attempts_after(ATTEMPT_S);

    let fleet = stage.fleet.take();
    let fleet = fleet.context("only what we started can be broken: leave out --targets")?;
    stage.progress.begin("coming back", connections as u64, "");
    stage.begin_span();
    let down = Duration::from_secs_f64(arguments.down);
    let breakdown = Breakdown::start(fleet, arguments.what, down);
    let mut returns = Returns::new(connections, stage.engine.attempts());
    returns.go_on(&mut stage, &breakdown, arguments.what)?;
    stage.fleet = Some(breakdown.finish()?);
    let mut measured = stage.end()?;
    measured.counts.lost_connections = (connections - stage.engine.joined()) as u64;
    measured.latencies.insert(
        "back, from when it could be".into(),
        returns.back().quantiles(),
    );
    let figures = returns.figures(connections);
    Ok(stage.conclude(measured, figures))
}

/// Those who come back.
struct Returns {
    /// Who tries again when, the soonest first.
    due: BinaryHeap<Reverse<(Nanos, SeatId)>>,
    mended: Option<Nanos>,
    /// When each seat was back for the last time: some come back to a node that is
    /// about to be killed as well.
    back_at: Vec<Option<Nanos>>,
    attempts_before: u64,
    /// How many began to connect in vain, and behind that in all.
    in_vain: u64,
    attempts: u64,
    /// The most who began to connect in a strip of time, before and behind that.
    most_before: u64,
    most_after: u64,
    strip_began: Nanos,
    strip_attempts: u64,
}

impl Returns {
    fn new(seats: usize, attempts: u64) -> Self {
        Self {
            due: BinaryHeap::new(),
            mended: None,
            back_at: vec![None; seats],
            attempts_before: attempts,
            in_vain: 0,
            attempts: 0,
            most_before: 0,
            most_after: 0,
            strip_began: Nanos(0),
            strip_attempts: attempts,
        }
    }

    /// Until everybody is back.
    fn go_on(
        &mut self,
        stage: &mut Stage,
        breakdown: &Breakdown,
        what: What,
    ) -> anyhow::Result<()> {
        let seats = stage.engine.seats();
        let mut broken = false;
        loop {
            // Asked before the news is heard, which then is all that there will be.
            let over = breakdown.has_ended();
            for news in breakdown.news() {
                match news {
                    BreakdownStep::Broken => {
                        broken = true;
                        if what == What::Redis {
                            self.break_all(stage);
                        }
                    }
                    BreakdownStep::Mended(at) => {
                        self.mended = Some(stage.engine.at(at));
                        self.in_vain = stage.engine.attempts() - self.attempts_before;
                    }
                }
            }
            self.connect_due(stage);
            let soon = stage.engine.now().plus_seconds(0.01);
            stage.turn(soon)?;
            self.take_happened(stage);
            self.count_strip(stage);
            stage.progress.at(stage.engine.joined() as u64);
            let patience_is_over = self
                .mended
                .is_some_and(|mended| stage.engine.now() > mended.plus_seconds(PATIENCE_S));
            let all_are_back = broken && self.mended.is_some() && stage.engine.joined() == seats;
            let failed = over && self.mended.is_none();
            if all_are_back || patience_is_over || failed || stage.stop.requested() {
                self.attempts = stage.engine.attempts() - self.attempts_before;
                return Ok(());
            }
        }
    }

    /// As where a load balancer or a network breaks.
    fn break_all(&mut self, stage: &mut Stage) {
        for seat in stage.engine.seat_ids() {
            stage.engine.drop_connection(seat);
            let at = stage.engine.comes_back_at(seat, &mut rand::rng());
            self.due.push(Reverse((at, seat)));
        }
    }

    fn connect_due(&mut self, stage: &mut Stage) {
        let nodes = stage.nodes() as u16;
        let now = stage.engine.now();
        while let Some(&Reverse((at, seat))) = self.due.peek() {
            if at > now {
                return;
            }
            self.due.pop();
            let target = rand::rng().random_range(0..nodes);
            stage.engine.set_target(seat, TargetIndex(target));
            stage.engine.connect(seat, at);
        }
    }

    fn take_happened(&mut self, stage: &mut Stage) {
        let now = stage.engine.now();
        for happened in stage.engine.take_happened() {
            match happened {
                Happened::Joined { seat, .. } => self.back_at[seat.0 as usize] = Some(now),
                Happened::Lost { seat, .. } | Happened::GivenUp { seat, .. } => {
                    let at = stage.engine.comes_back_at(seat, &mut rand::rng());
                    self.due.push(Reverse((at, seat)));
                }
            }
        }
    }

    fn count_strip(&mut self, stage: &Stage) {
        let now = stage.engine.now();
        let seconds = now.seconds_since(self.strip_began);
        if seconds < STRIP_S {
            return;
        }
        let attempts = stage.engine.attempts();
        let per_s = ((attempts - self.strip_attempts) as f64 / seconds) as u64;
        let most = match self.mended {
            None => &mut self.most_before,
            Some(_) => &mut self.most_after,
        };
        *most = (*most).max(per_s);
        self.strip_began = now;
        self.strip_attempts = attempts;
    }

    /// How long it took each, from when somebody could be served; 0 for who was there before.
    fn back(&self) -> Latency {
        let mut back = Latency::new();
        let could = self.mended.unwrap_or(Nanos(u64::MAX));
        for at in self.back_at.iter().flatten() {
            back.record(at.micros_since(could));
        }
        back
    }

    fn figures(&self, connections: usize) -> Vec<Figure> {
        let back = self.back().quantiles();
        let seconds = |key: &str, name: &str, us: u64| {
            Figure::new(key, name, "s", us as f64 / 1e6, Better::Lower)
        };
        let per_s = |key: &str, name: &str, value: u64| {
            Figure::new(key, name, "1/s", value as f64, Better::Lower)
        };
        let each = |key: &str, name: &str, value: u64| {
            let value = value as f64 / connections.max(1) as f64;
            Figure::new(key, name, "", value, Better::Lower)
        };
        vec![
            seconds(
                "back_max_s",
                "The slowest is back, from when it could be",
                back.max_us,
            ),
            seconds("back_p50_s", "Half are back", back.p50_us),
            seconds("back_p99_s", "99 of 100 are back", back.p99_us),
            each(
                "attempts_in_vain",
                "Attempts of each while nobody could be served",
                self.in_vain,
            ),
            each(
                "attempts_after",
                "Attempts of each from then on",
                self.attempts - self.in_vain,
            ),
            per_s(
                "most_before_per_s",
                "The most attempts while nobody could be served",
                self.most_before,
            ),
            per_s(
                "most_after_per_s",
                "The most attempts from then on",
                self.most_after,
            ),
        ]
    }
}
