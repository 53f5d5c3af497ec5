//! A sweep: the highest rate that is carried in time, with nothing missing.
//! A step that failed is repeated before it is believed, since another program
//! may have had the core; [`search`] says which rate is next.

mod search;

use std::time::Duration;

use crate::{
    engine::Engine,
    outcome::{Better, Figure, Outcome, Step},
};

use self::search::{Found, Search, Try};
use super::{Load, Measured, Pace, Stage, figures};

/// A backlog of so many times the limit cannot become a p99 under it: the step
/// ends there.
const UNBEARABLE: f64 = 10.0;
/// And one of so many seconds takes too long to be worked off.
const UNBEARABLE_S: f64 = 0.5;
/// How often a step is tried before it counts as failed.
const ATTEMPTS: usize = 3;
/// How long rates are tried before what was found is checked.
const LONGEST_S: f64 = 75.0;
/// How long after a step that failed the next one begins: what disturbed it may
/// be gone by then.
const PAUSE_S: f64 = 0.5;
/// How many times as long the rate that was found is measured in the end.
const CHECK_TIMES: f64 = 2.0;
/// What has not come when nothing has come for so long will not come.
const QUIET: Duration = Duration::from_secs(10);

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sweep {
    /// The first rate.
    pub(super) start: f64,
    pub(super) limit_us: u64,
    pub(super) warmup: f64,
    pub(super) seconds: f64,
    pub(super) members: usize,
}

impl Sweep {
    /// Runs all steps; what else is told of the run is that of the last check.
    pub(super) fn run(self, mut stage: Stage) -> anyhow::Result<Outcome> {
        let mut steps: Vec<Step> = Vec::new();
        let mut knee: Option<(f64, Measured)> = None;
        let mut last = Measured::default();
        let mut search = Search::new(self.start);
        let began = stage.engine.now();
        while let Some(tried) = search.next() {
            let (rate, seconds) = match tried {
                Try::Probe(rate) => (rate, self.seconds),
                Try::Check(rate) => (rate, self.seconds * CHECK_TIMES),
            };
            let (step, measured, found) = self.attempt(&mut stage, rate, seconds)?;
            if stage.stop.requested() {
                break;
            }
            search.take(tried, found);
            if stage.engine.now().seconds_since(began) > LONGEST_S {
                search.close();
            }
            let highest = knee.as_ref().map_or(0.0, |(rate, _)| *rate);
            match tried {
                _ if !step.passed => last = measured,
                Try::Check(_) => knee = Some((rate, measured)),
                Try::Probe(_) if rate > highest => knee = Some((rate, measured)),
                Try::Probe(_) => {}
            }
            // What was asked again has its last answer.
            steps.retain(|known| known.rate.to_bits() != rate.to_bits());
            steps.push(step);
            if !recover(&mut stage)? {
                stage
                    .remark("the server did not recover from a step: the sweep ended there".into());
                break;
            }
        }
        if !search.confirmed() {
            let words = "no rate passed its last check: too much else runs here, or p99 lies about the limit over a wide range of rates";
            stage.remark(words.into());
            // What was taken back does not count.
            let passed = steps.iter().filter(|step| step.passed);
            let stands = passed.map(|step| step.rate).fold(0.0, f64::max);
            knee = knee.map(|(rate, measured)| (rate.min(stands), measured));
        }
        steps.sort_by(|a, b| a.rate.total_cmp(&b.rate));
        let (knee, measured) = knee.unwrap_or((0.0, last));
        let mut outcome = self.conclude(stage, knee, measured);
        outcome.steps = steps;
        Ok(outcome)
    }

    fn conclude(self, stage: Stage, knee: f64, measured: Measured) -> Outcome {
        let name = format!("Highest rate with p99 under {} ms", self.limit_us / 1000);
        let mut figures = figures::of_messages(&measured, self.members, Pace::Rate(knee));
        figures.insert(
            0,
            Figure::new("knee_rate", &name, "1/s", knee, Better::Higher),
        );
        stage.conclude(measured, figures)
    }

    /// Measures one rate until it is carried, a few times at most.
    fn attempt(
        self,
        stage: &mut Stage,
        rate: f64,
        seconds: f64,
    ) -> anyhow::Result<(Step, Measured, Found)> {
        let mut attempt = 1;
        loop {
            let tried = self.step(stage, rate, seconds)?;
            let ended = attempt == ATTEMPTS || stage.stop.requested();
            if tried.2 == Found::InTime || ended || !recover(stage)? {
                return Ok(tried);
            }
            attempt += 1;
            let end = stage.engine.now().plus_seconds(PAUSE_S);
            while stage.engine.now() < end && !stage.stop.requested() {
                stage.engine.turn(end)?;
            }
        }
    }

    /// Measures one rate.
    fn step(
        self,
        stage: &mut Stage,
        rate: f64,
        seconds: f64,
    ) -> anyhow::Result<(Step, Measured, Found)> {
        let limit_s = self.limit_us as f64 / 1e6;
        let backlog_s = (limit_s * UNBEARABLE).min(UNBEARABLE_S);
        let backlog = (rate * backlog_s).max(64.0) as u32;
        let bearable = |engine: &Engine| engine.unsettled() < backlog;
        stage.engine.forgive();
        let mut load = Load::start(stage, Pace::Rate(rate));
        load.go_on_while(stage, self.warmup, bearable)?;
        stage.begin(seconds);
        load.go_on_while(stage, seconds, bearable)?;
        let overloaded = !bearable(&stage.engine);
        let measured = stage.end_after(QUIET)?;
        let found = self.judge(&measured, overloaded);
        let step = self.of_step(rate, &measured, found);
        stage.progress.remark(&words(&step, found));
        Ok((step, measured, found))
    }

    /// What was not sent in time is late in the p99.
    fn judge(self, measured: &Measured, overloaded: bool) -> Found {
        let whole = measured.counts.whole() && measured.counts.refused == 0;
        let delivery = measured.latencies.get("delivery");
        match delivery {
            _ if overloaded || !whole => Found::Behind,
            Some(delivery) if delivery.p99_us <= self.limit_us => Found::InTime,
            _ => Found::Late,
        }
    }

    fn of_step(self, rate: f64, measured: &Measured, found: Found) -> Step {
        let delivery = measured.latencies.get("delivery");
        let per_message = self.members.max(1) as f64;
        Step {
            rate,
            achieved: measured.delivered as f64 / per_message / measured.seconds.max(1e-9),
            p50_us: delivery.map_or(0, |delivery| delivery.p50_us),
            p99_us: delivery.map_or(0, |delivery| delivery.p99_us),
            limit_us: self.limit_us,
            passed: found == Found::InTime,
        }
    }
}

fn words(step: &Step, found: Found) -> String {
    let p99_ms = step.p99_us as f64 / 1000.0;
    match found {
        Found::InTime => format!("{:.0}/s: p99 {p99_ms:.1} ms", step.rate),
        Found::Late => format!("{:.0}/s: p99 {p99_ms:.1} ms, too late", step.rate),
        Found::Behind => format!("{:.0}/s: fell behind", step.rate),
    }
}

/// Brings connections back that a step cost, and forgets what did not arrive.
fn recover(stage: &mut Stage) -> anyhow::Result<bool> {
    if stage.stop.requested() {
        return Ok(false);
    }
    let engine = &mut stage.engine;
    engine.forgive();
    if engine.joined() == engine.seats() {
        return Ok(true);
    }
    engine.take_happened();
    Ok(stage.connect_all().is_ok())
}
