//! `soak`: a mixture over minutes that audits every message: rooms of several
//! sizes, members who come and go with their cursors, visitors, readers that
//! stall, and nodes and Redis that end and come back where that is told. None
//! may be lost, none doubled, and all must see one order.

mod absence;
mod crowd;
mod faults;

use std::time::Duration;

use anyhow::{Context, ensure};
use clap::Args;

use self::{
    crowd::{Acts, Crowd},
    faults::{FaultPlan, Faults, FaultsDone},
};
use super::{Measured, Stage};
use crate::{
    engine::Schedule,
    flags::{Common, at_least_one, positive},
    fleet::{Durability, Fleet},
    outcome::{Better, Figure, Outcome},
};

/// How long it is measured, where nothing else is said.
const SECONDS: f64 = 120.0;
/// How long all may take to come back at the end, and then to get everything.
const PATIENCE_S: f64 = 180.0;
/// How long a node takes to drain, where nothing else is set: shorter than the
/// default, so that more of it happens.
const DRAIN_MS: u32 = 2000;
/// How long a connection may take until it is in its rooms.
const ATTEMPT_S: f64 = 10.0;
/// Messages that are sent before sockets are looked at again.
const BURST: usize = 64;
/// How often the crowd acts, in seconds.
const ACTING_S: f64 = 0.01;

/// The latency of a delivery to a member that was there, neither away nor stalled.
const THERE: &str = "delivery to who was there";
/// By how much longer a member was away than it meant to be.
const LONGER: &str = "away longer than meant";

/// The flags of `soak`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Connections, in rooms of 2 to 200 and up to three rooms each; a twentieth of them visitors
    #[arg(long, default_value_t = 1000, value_name = "NUMBER", value_parser = at_least_one)]
    pub(crate) connections: usize,

    /// Messages a second, of all rooms together
    #[arg(long, default_value_t = 200.0, value_name = "PER_SECOND", value_parser = positive)]
    pub(crate) rate: f64,

    /// End a node every so often and start it again: each killed one time, drained the next
    #[arg(long, value_name = "SECONDS", value_parser = positive, conflicts_with = "targets")]
    pub(crate) restart_nodes: Option<f64>,

    /// Kill Redis every so often and start it again; needs --redis-appendonly always
    #[arg(long, value_name = "SECONDS", value_parser = positive, conflicts_with = "targets")]
    pub(crate) restart_redis: Option<f64>,

    /// Fail where somebody was away for so much longer than it meant to be, or where a message came
    /// so late to somebody who was there [default: only counts decide]
    #[arg(long, value_name = "SECONDS", value_parser = positive)]
    pub(crate) late_limit: Option<f64>,

    /// What the coming and going is drawn from; the same gives the same [default: another each time]
    #[arg(long, value_name = "NUMBER")]
    pub(crate) seed: Option<u64>,

    #[command(flatten)]
    pub(crate) common: Common,
}

/// Runs it.
///
/// # Errors
///
/// Where nothing can be measured, with what to do.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let plan = plan(arguments)?;
    let connections = arguments.connections;
    let seed = arguments.seed.unwrap_or_else(rand::random);
    let mut common = arguments.common.clone();
    if plan.nodes_every.is_some() {
        common.set_by_default("drain_ms", DRAIN_MS);
    }
    let mut stage = Stage::set_up(&common, "soak", connections)?;
    stage.setting("connections", connections);
    stage.setting("rate", arguments.rate);
    stage.setting("seed", seed);
    stage.engine.audit_logs();
    stage.engine.repeat_unavailable();
    stage.engine.give_up_attempts_after(ATTEMPT_S);
    let targets = stage.nodes();
    let mut soak = Soak {
        crowd: Crowd::seat(&mut stage.engine, connections, targets, seed),
        faults: None,
        done: FaultsDone::default(),
    };
    stage.setting("rooms", soak.crowd.rooms.len());
    // Visitors come later.
    stage.connect(soak.crowd.members())?;

    let seconds = arguments.common.seconds.unwrap_or(SECONDS);
    soak.start_faults(&mut stage, plan)?;
    stage.begin(seconds);
    soak.go_on(&mut stage, arguments.rate, seconds)?;
    soak.stop_faults(&mut stage)?;
    soak.settle(&mut stage)?;
    let mut measured = stage.end()?;
    soak.account(&mut stage, &mut measured);
    let tally = stage.engine.tally();
    for (name, latency) in [
        (THERE, &tally.there),
        (LONGER, soak.crowd.absences().longer()),
    ] {
        measured
            .latencies
            .insert(name.to_owned(), latency.quantiles());
    }
    let figures = soak.figures(&stage);
    Ok(stage.conclude(measured, figures))
}

impl Arguments {
    /// What was later than asked for, where a limit was set.
    pub(crate) fn too_late(&self, outcome: &Outcome) -> Option<String> {
        let limit = self.late_limit?;
        let late = [THERE, LONGER].into_iter().filter_map(|name| {
            let seconds = outcome.latencies.get(name)?.max_us as f64 / 1e6;
            (seconds > limit).then(|| format!("{name}: {seconds:.2} s"))
        });
        let late: Vec<_> = late.collect();
        (!late.is_empty()).then(|| format!("over --late-limit {limit}: {}", late.join(", ")))
    }
}

/// What goes wrong when; only what can be survived is accepted.
fn plan(arguments: &Arguments) -> anyhow::Result<FaultPlan> {
    let durability = arguments.common.plan().redis;
    ensure!(
        arguments.restart_nodes.is_none() || durability.is_some(),
        "--restart-nodes with the embedded store loses everything with the node: say --store redis"
    );
    ensure!(
        arguments.restart_redis.is_none() || durability == Some(Durability::Always),
        "--restart-redis needs a Redis that keeps what it has answered: say --store redis --redis-appendonly always"
    );
    Ok(FaultPlan {
        nodes_every: arguments.restart_nodes.map(Duration::from_secs_f64),
        redis_every: arguments.restart_redis.map(Duration::from_secs_f64),
    })
}

struct Soak {
    crowd: Crowd,
    faults: Option<Faults>,
    done: FaultsDone,
}

impl Soak {
    /// The fleet goes to the faults' thread until they end.
    fn start_faults(&mut self, stage: &mut Stage, plan: FaultPlan) -> anyhow::Result<()> {
        if plan != FaultPlan::default() {
            let fleet = stage
                .fleet
                .take()
                .context("only what we started can be ended")?;
            self.faults = Some(Faults::start(fleet, plan));
        }
        Ok(())
    }

    /// People come and go and messages are sent.
    fn go_on(&mut self, stage: &mut Stage, rate: f64, seconds: f64) -> anyhow::Result<()> {
        self.crowd.begin(&mut stage.engine);
        let mut schedule = Schedule::new(stage.engine.now(), rate);
        let end = stage.engine.now().plus_seconds(seconds);
        while stage.engine.now() < end && !stage.stop.requested() {
            for _ in 0..BURST {
                let Some(intended) = schedule.take_due(stage.engine.now()) else {
                    break;
                };
                if let Some(member) = self.crowd.draw_sender(&stage.engine) {
                    stage.engine.send(member, intended);
                }
            }
            self.crowd.act(&mut stage.engine);
            self.watch_new(stage);
            if self.faults.as_ref().is_some_and(Faults::have_ended) {
                break;
            }
            let soon = stage.engine.now().plus_seconds(ACTING_S);
            stage.turn(schedule.next().min(soon))?;
        }
        Ok(())
    }

    fn stop_faults(&mut self, stage: &mut Stage) -> anyhow::Result<()> {
        let Some(faults) = self.faults.take() else {
            return Ok(());
        };
        stage.progress.begin("waiting for nodes to be ready", 0, "");
        let (fleet, done) = faults.stop()?;
        self.done = done;
        stage.fleet = Some(check(fleet)?);
        Ok(())
    }

    /// All members come back and read, until everything has come.
    fn settle(&mut self, stage: &mut Stage) -> anyhow::Result<()> {
        stage.progress.begin("coming back for the last", 0, "");
        self.crowd.settle(&mut stage.engine);
        let end = stage.engine.now().plus_seconds(PATIENCE_S);
        while stage.engine.now() < end && !stage.stop.requested_twice() {
            stage.turn(stage.engine.now().plus_seconds(0.05))?;
            self.crowd.act(&mut stage.engine);
            if self.crowd.is_whole(&stage.engine) && stage.engine.unsettled() == 0 {
                break;
            }
        }
        Ok(())
    }

    /// Lost connections are faults of the server only where nothing was done to it.
    fn account(&self, stage: &mut Stage, measured: &mut Measured) {
        let acts = self.crowd.acts();
        measured.counts.lost_connections = match self.done == FaultsDone::default() {
            true => acts.lost,
            false => 0,
        };
        measured.counts.missing += stage.engine.visitors_missed();
        if !self.crowd.is_whole(&stage.engine) {
            stage.remark("some members could not come back at the end".to_owned());
            measured.counts.lost_connections += 1;
        }
        if let Some(worst) = self.crowd.absences().worst() {
            stage.remark(worst);
        }
        stage.remark_fresh_snapshots();
    }

    fn figures(&self, stage: &Stage) -> Vec<Figure> {
        let Acts {
            drops,
            returns,
            visits,
            stalls,
            lost,
            closed_as_slow,
            given_up,
        } = self.crowd.acts();
        let done = &self.done;
        let recovered = stage.engine.tally().recovered;
        let rows = [
            ("messages_sent", "Messages sent", stage.engine.tally().sent),
            (
                "deliveries",
                "Deliveries audited",
                stage.engine.tally().delivered,
            ),
            (
                "events_recovered",
                "Events that came after a cursor",
                recovered,
            ),
            ("drops", "Connections dropped by the generator", drops),
            ("connections_lost", "Connections lost to restarts", lost),
            (
                "given_up",
                "Attempts to connect that took too long",
                given_up,
            ),
            ("returns", "Returns with a cursor", returns),
            ("visits", "Visits", visits),
            ("stalls", "Readers that stalled", stalls),
            (
                "closed_as_slow",
                "Of these, closed by the server",
                closed_as_slow,
            ),
            (
                "sent_again",
                "Messages refused for the moment and sent again",
                stage.engine.repeated(),
            ),
            ("nodes_killed", "Nodes killed", u64::from(done.nodes_killed)),
            (
                "nodes_drained",
                "Nodes drained",
                u64::from(done.nodes_drained),
            ),
            (
                "redis_restarts",
                "Redis killed",
                u64::from(done.redis_restarts),
            ),
        ];
        let figures = rows
            .into_iter()
            .map(|(key, name, value)| Figure::new(key, name, "", value as f64, Better::Higher));
        figures.collect()
    }

    /// Processes that were started again are watched from then on.
    fn watch_new(&self, stage: &Stage) {
        if let Some(faults) = &self.faults {
            for process in faults.started() {
                stage.sampler.add(process);
            }
        }
    }
}

fn check(mut fleet: Fleet) -> anyhow::Result<Fleet> {
    fleet.check()?;
    Ok(fleet)
}
