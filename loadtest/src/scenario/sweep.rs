//! A sweep: the highest rate that is carried in time. The rate doubles until it
//! is too much, then the interval is halved until it is narrow. One step that
//! was late does not end the doubling, since another program may have had the
//! core; two in a row do, and so does a step that fell behind its rate.

use crate::{
    engine::Engine,
    outcome::{Better, Outcome, Step},
};

use super::{Load, Measured, Pace, Stage, figures, figures::figure};

/// How narrow the last interval is: the highest rate is known to 4 %.
const NARROW: f64 = 1.04;
/// The lowest rate that is tried, and the highest.
const LOWEST: f64 = 1.0;
const HIGHEST: f64 = 1e6;
/// What of a rate must have been reached.
const ACHIEVED: f64 = 0.99;
/// A backlog of so many seconds cannot become a p99 under any limit that is
/// worth looking for: the step ends there.
const UNBEARABLE_S: f64 = 1.0;
/// How often a step is tried before it counts as failed: another program may
/// have had the core.
const ATTEMPTS: usize = 2;

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

/// How a rate was carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    InTime,
    /// All of it, but not in time.
    Late,
    /// Not all of it.
    Behind,
}

/// Which rate is tried next.
#[derive(Debug, Clone, Copy)]
struct Search {
    start: f64,
    /// The highest rate in time, and the lowest above it that was not.
    passed: Option<f64>,
    failed: Option<f64>,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// `late`: the last step was, the one before it was not.
    Doubling {
        late: bool,
    },
    ClosingIn,
}

impl Search {
    fn new(start: f64) -> Self {
        Self {
            start,
            passed: None,
            failed: None,
            phase: Phase::Doubling { late: false },
        }
    }

    fn next_rate(self) -> Option<f64> {
        match (self.phase, self.passed, self.failed) {
            (Phase::Doubling { .. }, None, None) => Some(self.start),
            (Phase::Doubling { late: true }, _, Some(failed)) => Some(failed * 2.0),
            (Phase::Doubling { .. }, Some(passed), _) => (passed < HIGHEST).then_some(passed * 2.0),
            (_, None, Some(failed)) => (failed > LOWEST).then_some(failed / 2.0),
            (_, Some(passed), Some(failed)) => {
                (failed / passed > NARROW).then(|| (passed * failed).sqrt())
            }
            (Phase::ClosingIn, _, None) => None,
        }
    }

    fn take(&mut self, rate: f64, found: Found) {
        let was_late = self.phase == Phase::Doubling { late: true };
        let doubling = self.phase != Phase::ClosingIn;
        if found == Found::InTime {
            self.passed = Some(rate);
            self.failed = self.failed.filter(|failed| *failed > rate);
            if doubling {
                self.phase = Phase::Doubling { late: false };
            }
            return;
        }
        self.failed = Some(self.failed.map_or(rate, |failed| failed.min(rate)));
        let once = doubling && found == Found::Late && !was_late;
        self.phase = match once {
            true => Phase::Doubling { late: true },
            false => Phase::ClosingIn,
        };
    }
}

impl Sweep {
    /// Runs all steps; what else is told of the run is that of the best step.
    pub(super) fn run(self, mut stage: Stage) -> anyhow::Result<Outcome> {
        let mut steps = Vec::new();
        let mut best: Option<(f64, Measured)> = None;
        let mut last = Measured::default();
        let mut search = Search::new(self.start);
        while let Some(rate) = search.next_rate() {
            let (step, measured, found) = self.attempt(&mut stage, rate)?;
            if stage.stop.requested() {
                break;
            }
            match (&best, found) {
                (Some((highest, _)), Found::InTime) if *highest > rate => {}
                (_, Found::InTime) => best = Some((rate, measured)),
                _ => last = measured,
            }
            search.take(rate, found);
            steps.push(step);
            if !recover(&mut stage)? {
                let words = "the server did not recover from the last step: the sweep ends";
                stage.progress.remark(words);
                break;
            }
        }
        steps.sort_by(|a: &Step, b| a.rate.total_cmp(&b.rate));
        let (knee, measured) = best.unwrap_or((0.0, last));
        let mut outcome = self.conclude(stage, knee, measured);
        outcome.steps = steps;
        Ok(outcome)
    }

    fn conclude(self, stage: Stage, knee: f64, measured: Measured) -> Outcome {
        let name = format!("Highest rate with p99 under {} ms", self.limit_us / 1000);
        let mut figures = figures::of_messages(&measured, self.members, Pace::Rate(knee));
        figures.insert(0, figure("knee_rate", &name, "1/s", knee, Better::Higher));
        stage.conclude(measured, figures)
    }

    fn attempt(self, stage: &mut Stage, rate: f64) -> anyhow::Result<(Step, Measured, Found)> {
        let mut attempt = 1;
        loop {
            let tried = self.step(stage, rate)?;
            let ended = attempt == ATTEMPTS || stage.stop.requested();
            if ended || tried.2 != Found::Late || !recover(stage)? {
                return Ok(tried);
            }
            attempt += 1;
        }
    }

    /// Measures one rate.
    fn step(self, stage: &mut Stage, rate: f64) -> anyhow::Result<(Step, Measured, Found)> {
        let backlog = (rate * UNBEARABLE_S).max(64.0) as u32;
        let bearable = |engine: &Engine| engine.unsettled() < backlog;
        stage.engine.forgive();
        let mut load = Load::start(stage, Pace::Rate(rate));
        load.go_on_while(stage, self.warmup, bearable)?;
        stage.begin(self.seconds);
        load.go_on_while(stage, self.seconds, bearable)?;
        let overloaded = !bearable(&stage.engine);
        let measured = stage.end()?;
        let delivery = measured
            .latencies
            .get("delivery")
            .cloned()
            .unwrap_or_default();
        let per_message = self.members.max(1) as f64;
        let achieved = measured.delivered as f64 / per_message / measured.seconds.max(1e-9);
        // One message more or less at the edges of the span is no shortcoming.
        let enough = achieved + 1.5 / self.seconds >= rate * ACHIEVED;
        let in_time = delivery.p99_us <= self.limit_us && delivery.count > 0;
        let whole = measured.counts.whole() && measured.counts.refused == 0;
        let found = if overloaded || !enough || !whole {
            Found::Behind
        } else if in_time {
            Found::InTime
        } else {
            Found::Late
        };
        let step = Step {
            rate,
            achieved,
            p50_us: delivery.p50_us,
            p99_us: delivery.p99_us,
            limit_us: self.limit_us,
            passed: found == Found::InTime,
        };
        Ok((step, measured, found))
    }
}

/// Brings connections back that a step cost, and lets what is under way arrive.
fn recover(stage: &mut Stage) -> anyhow::Result<bool> {
    if stage.stop.requested() {
        return Ok(false);
    }
    let engine = &mut stage.engine;
    if engine.joined() == engine.seats() && engine.unsettled() == 0 {
        return Ok(true);
    }
    engine.take_happened();
    Ok(stage.connect_all().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rates that are tried where `knee` is the highest that passes.
    fn rates(knee: f64, disturbed: impl Fn(f64) -> bool) -> Vec<f64> {
        let (mut search, mut tried) = (Search::new(50.0), Vec::new());
        while let Some(rate) = search.next_rate() {
            tried.push(rate);
            let found = match rate {
                _ if disturbed(rate) => Found::Late,
                _ if rate <= knee => Found::InTime,
                _ if rate <= knee * 1.5 => Found::Late,
                _ => Found::Behind,
            };
            search.take(rate, found);
        }
        let highest = search.passed;
        assert!(
            highest.is_none_or(|rate| knee / rate < NARROW),
            "{highest:?} of {tried:?}"
        );
        tried
    }

    #[test]
    fn rates_double_and_then_close_in() {
        let tried = rates(330.0, |_| false);
        assert_eq!(tried[..4], [50.0, 100.0, 200.0, 400.0]);
        assert!(tried.len() < 12, "{tried:?}");
    }

    #[test]
    fn a_late_step_in_between_does_not_end_the_doubling() {
        for disturbed in [50.0, 100.0, 200.0] {
            let tried = rates(1000.0, |rate| rate == disturbed);
            assert!(tried.contains(&800.0), "{tried:?}");
        }
    }

    #[test]
    fn a_start_that_is_too_high_goes_down_and_ends() {
        assert_eq!(rates(20.0, |_| false)[..3], [50.0, 25.0, 12.5]);
        assert!(rates(0.0, |_| false).len() < 8);
    }
}
