//! Where a run takes place: the servers, the engine, what watches the processes
//! and what shows the progress; and the way from there to an outcome.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, ensure};

use crate::{
    dialect::Dialect,
    engine::{self, Engine, Happened, Nanos, SeatId, Stop, Target, open_files, wire::Wire},
    flags::Common,
    fleet::Fleet,
    measure::{Sampler, Watched, low_limits, machine, pid_listening_on},
    outcome::{Figure, Outcome, Role},
    report::progress::{Live, Progress},
};

use super::measured::{Measured, cpu_us_of};

/// How long connecting may take, beside a millisecond for each connection. As
/// all such times it is long: a machine that is merely busy fails no run.
const PATIENCE_TO_CONNECT: Duration = Duration::from_secs(120);
/// How long nothing may come after the measured span before the rest is missing.
const PATIENCE_TO_DRAIN: Duration = Duration::from_secs(30);
/// Connections in the making at once.
const HANDSHAKES: usize = 128;

/// Everything that a scenario acts on.
pub(crate) struct Stage {
    pub(crate) engine: Engine,
    pub(crate) progress: Progress,
    pub(crate) stop: Stop,
    pub(crate) sampler: Sampler,
    /// `None` where the targets were running already.
    pub(crate) fleet: Option<Fleet>,
    scenario: &'static str,
    system: String,
    started_at_ms: u64,
    settings: BTreeMap<String, String>,
    remarks: Vec<String>,
    /// How far the progress shows the run.
    shown_rows: usize,
    shown_until_s: f64,
    shown_cpu_us: Vec<(Watched, u64)>,
}

impl Stage {
    /// Starts what is to be measured, or finds it, and makes the engine. So many
    /// connections will be held at once.
    ///
    /// # Errors
    ///
    /// Where something is missing, with what to do.
    pub(crate) fn set_up(
        common: &Common,
        scenario: &'static str,
        connections: usize,
    ) -> anyhow::Result<Self> {
        ensure!(connections > 0, "there must be at least one connection");
        open_files::allow(connections)?;
        let stop = Stop::on_signals().context("cannot listen for Ctrl-C")?;
        let progress = Progress::new(
            &format!("{scenario} {}", common.system),
            common.output.quiet,
        );
        for limit in low_limits(connections as u64) {
            progress.remark(&limit.advice());
        }
        let fleet = match common.targets.is_empty() {
            true => Some(Fleet::start(common.plan())?),
            false => None,
        };
        let (targets, wire) = find(common, fleet.as_ref())?;
        let watched = watched(common, &targets, fleet.as_ref());
        let system = fleet.as_ref().map_or(common.system.as_str(), Fleet::name);
        let system = system.to_owned();
        let sampler = Sampler::start(watched);
        if let Some(cores) = common.pin.of_generator() {
            cores.pin_this_thread()?;
        }
        let started_at_ms = since_epoch().as_millis() as u64;
        let engine = Engine::new(engine::Settings {
            targets,
            wire,
            run: run_word(),
            part: 0,
            text_bytes: usize::from(common.text_bytes),
            handshakes: HANDSHAKES,
        })
        .context("cannot make the engine")?;
        let mut stage = Self {
            engine,
            progress,
            stop,
            sampler,
            fleet,
            scenario,
            system,
            started_at_ms,
            settings: BTreeMap::new(),
            remarks: Vec::new(),
            shown_rows: 0,
            shown_until_s: 0.0,
            shown_cpu_us: Vec::new(),
        };
        stage.setting("text bytes", common.text_bytes);
        Ok(stage)
    }

    /// Notes a setting for the readers of the outcome.
    pub(crate) fn setting(&mut self, name: &str, value: impl ToString) {
        self.settings.insert(name.into(), value.to_string());
    }

    /// Notes what the readers of the outcome must know.
    pub(crate) fn remark(&mut self, words: String) {
        self.remarks.push(words);
    }

    /// How many nodes or other targets there are.
    pub(crate) fn nodes(&self) -> usize {
        self.engine.settings().targets.len()
    }

    /// CPU of all processes of a role since the measured span began, in microseconds.
    pub(crate) fn cpu_us_of(&self, role: Role) -> u64 {
        cpu_us_of(&self.sampler.cpu_us(), role).unwrap_or(0)
    }

    /// Notes where cursors were not enough to go on from.
    pub(crate) fn remark_fresh_snapshots(&mut self) {
        let fresh = self.engine.tally().not_recovered;
        if fresh > 0 {
            self.remark(format!(
                "{fresh} cursors were answered with a fresh snapshot"
            ));
        }
    }

    /// Connects all seats that are away and waits until each is in its rooms.
    ///
    /// # Errors
    ///
    /// Where one cannot be connected, or it takes too long.
    pub(crate) fn connect_all(&mut self) -> anyhow::Result<()> {
        let seats: Vec<SeatId> = self.engine.seat_ids().collect();
        self.connect(&seats)
    }

    /// The same for some of them, while the others stay away.
    ///
    /// # Errors
    ///
    /// As [`Self::connect_all`].
    pub(crate) fn connect(&mut self, who: &[SeatId]) -> anyhow::Result<()> {
        let engine = &mut self.engine;
        let seats = who.len();
        let now = engine.now();
        let patience = PATIENCE_TO_CONNECT + Duration::from_millis(seats as u64);
        let end = now.plus_seconds(patience.as_secs_f64());
        self.progress.begin("connecting", seats as u64, "");
        for &seat in who {
            engine.connect(seat, now);
        }
        while engine.joined() < seats && !self.stop.requested() {
            engine.turn(engine.now().plus_seconds(0.1))?;
            self.progress.at(engine.joined() as u64);
            for happened in engine.take_happened() {
                if let Happened::Lost { seat, why } = happened {
                    let address = engine.address_of(seat);
                    anyhow::bail!("connection {} to {address} failed: {why}", seat.0 + 1);
                }
            }
            ensure!(
                engine.now() < end,
                "only {} of {seats} connections joined within {patience:?}",
                engine.joined()
            );
        }
        ensure!(!self.stop.requested(), "ended before anything was measured");
        Ok(())
    }

    /// Lets a turn pass, until `until` at most, and shows how the run goes.
    ///
    /// # Errors
    ///
    /// Where the poll fails.
    pub(crate) fn turn(&mut self, until: Nanos) -> anyhow::Result<()> {
        self.engine.turn(until)?;
        let rows = self.engine.tally().timeline.len();
        if rows != self.shown_rows {
            self.shown_rows = rows;
            self.show_second();
        }
        Ok(())
    }

    /// Shows the second that has just ended.
    fn show_second(&mut self) {
        let Some(row) = self.engine.tally().timeline.last().cloned() else {
            return;
        };
        let cpu_us = self.sampler.cpu_us();
        let seconds = row.at_s - self.shown_until_s;
        let share = |role| {
            let spent = |list: &[(Watched, u64)]| cpu_us_of(list, role);
            let before = spent(&self.shown_cpu_us).unwrap_or(0);
            let more = spent(&cpu_us)?.saturating_sub(before);
            Some(more as f64 / 1e6 / seconds.max(0.001))
        };
        let live = Live {
            sent_per_s: row.sent as f64 / seconds.max(0.001),
            received_per_s: row.received as f64 / seconds.max(0.001),
            p99_us: row.p99_us,
            node_cpu: share(Role::Node),
            generator_cpu: share(Role::Generator),
        };
        self.shown_cpu_us = cpu_us;
        self.shown_until_s = row.at_s;
        self.progress.at(row.at_s.round() as u64);
        self.progress.live(live);
    }

    /// From here on it is measured.
    pub(crate) fn begin(&mut self, seconds: f64) {
        self.progress
            .begin("measuring", seconds.round() as u64, "s");
        self.begin_span();
    }

    /// The same for a span that other phases of progress are shown in.
    pub(crate) fn begin_span(&mut self) {
        self.shown_rows = 0;
        self.shown_until_s = 0.0;
        self.shown_cpu_us = Vec::new();
        self.sampler.begin();
        self.engine.begin();
    }

    /// Ends the measured span and waits for what is still on its way.
    ///
    /// # Errors
    ///
    /// Where the poll fails.
    pub(crate) fn end(&mut self) -> anyhow::Result<Measured> {
        self.end_after(PATIENCE_TO_DRAIN)
    }

    /// The same; what has not come when nothing came for so long is missing.
    ///
    /// # Errors
    ///
    /// Where the poll fails.
    pub(crate) fn end_after(&mut self, quiet: Duration) -> anyhow::Result<Measured> {
        let (seconds, delivered) = self.engine.end();
        let cpu_us = self.sampler.cpu_us();
        self.progress
            .begin("waiting for the last deliveries", 0, "");
        self.engine.drain(quiet, &self.stop)?;
        let counts = self.engine.counts();
        let tally = self.engine.tally();
        let mut latencies = BTreeMap::new();
        for (name, latency) in [
            ("delivery", &tally.delivery),
            ("acknowledgement", &tally.acknowledgement),
            ("connect", &tally.connect),
        ] {
            if latency.count() > 0 {
                latencies.insert(name.to_owned(), latency.quantiles());
            }
        }
        Ok(Measured {
            seconds,
            delivered,
            cpu_us,
            counts,
            latencies,
            lateness: tally.lateness.quantiles(),
            timeline: tally.timeline.clone(),
        })
    }

    /// Ends the run: everything that was started is gone afterwards.
    pub(crate) fn conclude(self, measured: Measured, figures: Vec<Figure>) -> Outcome {
        let mut remarks = self.remarks;
        remarks.extend(measured.remarks());
        if self.stop.requested() {
            remarks.push("ended early, by a signal".into());
        }
        for (reason, count) in self.engine.reasons() {
            remarks.push(format!("{count} × {reason}"));
        }
        let mut processes = self.sampler.finish();
        for process in &mut processes {
            let of_span = |(who, _): &&(Watched, u64)| who.pid == process.pid;
            if let Some((_, cpu_us)) = measured.cpu_us.iter().find(of_span) {
                process.cpu_us = *cpu_us;
            }
        }
        Outcome {
            scenario: self.scenario.into(),
            system: self.system,
            started_at_ms: self.started_at_ms,
            machine: machine(),
            command: command_line(),
            settings: self.settings,
            seconds: measured.seconds,
            counts: measured.counts,
            latencies: measured.latencies,
            timeline: measured.timeline,
            processes,
            figures,
            steps: Vec::new(),
            remarks,
        }
    }
}

/// The targets, and how they are spoken to.
fn find(common: &Common, fleet: Option<&Fleet>) -> anyhow::Result<(Vec<Target>, Wire)> {
    if let Some(fleet) = fleet {
        let urls = fleet.addresses().into_iter().map(|at| format!("ws://{at}"));
        let targets = urls.map(|url| url.parse()).collect::<Result<_, _>>()?;
        return Ok((targets, Wire::new(fleet.dialect(), fleet.secret())));
    }
    let dialect = common.dialect.unwrap_or(Dialect::Rookery);
    let secret = match dialect {
        Dialect::Rookery => common.secret().context(
            "--targets of rookery need what their tokens are signed with: \
             --secret, or ROOKERY__AUTH__JWT_SECRET in the environment",
        )?,
        _ => String::new(),
    };
    Ok((common.targets.clone(), Wire::new(dialect, &secret)))
}

/// The processes to watch: our own first.
fn watched(common: &Common, targets: &[Target], fleet: Option<&Fleet>) -> Vec<Watched> {
    let mut watched = vec![Watched::ourselves()];
    watched.extend(common.pids.iter().cloned());
    if let Some(fleet) = fleet {
        watched.extend(fleet.watched());
    } else if !common.pids.iter().any(|process| process.role == Role::Node) {
        let local = targets
            .iter()
            .filter(|target| target.address.ip().is_loopback());
        let found = local.filter_map(|target| pid_listening_on(target.address.port()));
        for (index, pid) in found.enumerate() {
            watched.push(Watched::new(Role::Node, format!("node {}", index + 1), pid));
        }
    }
    watched
}

/// The command line that repeats this run.
pub(super) fn command_line() -> String {
    let mut words = std::env::args();
    let program = words.next().unwrap_or_default();
    let program = program.rsplit('/').next().unwrap_or(&program).to_owned();
    let mut secret_follows = false;
    let words = words.map(|word| {
        let hidden = std::mem::replace(&mut secret_follows, word == "--secret");
        match word.split_once('=') {
            _ if hidden => "…".into(),
            Some(("--secret", _)) => "--secret=…".into(),
            _ => word,
        }
    });
    std::iter::once(program)
        .chain(words)
        .collect::<Vec<_>>()
        .join(" ")
}

pub(super) fn since_epoch() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

/// A word that no other run has: names of rooms and users begin with it.
fn run_word() -> String {
    format!("lt{:x}", since_epoch().as_micros() as u64 & 0xfff_ffff_ffff)
}
