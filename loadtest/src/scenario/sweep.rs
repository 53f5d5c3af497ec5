//! A sweep: the highest rate that is carried in time. The rate doubles until it
//! is too much, then the interval is halved until it is narrow.

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

impl Sweep {
    /// Runs all steps; what else is told of the run is that of the best step.
    pub(super) fn run(self, mut stage: Stage) -> anyhow::Result<Outcome> {
        let mut steps = Vec::new();
        let mut best: Option<(f64, Measured)> = None;
        let mut failed: Option<f64> = None;
        let mut last = Measured::default();
        while let Some(rate) = self.next_rate(best.as_ref().map(|(rate, _)| *rate), failed) {
            let (step, measured) = self.attempt(&mut stage, rate)?;
            if stage.stop.requested() {
                break;
            }
            if step.passed {
                best = Some((rate, measured));
            } else {
                failed = Some(rate);
                last = measured;
            }
            steps.push(step);
            if !recover(&mut stage)? {
                stage
                    .progress
                    .remark("the server did not recover from the last step: the sweep ends");
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

    /// The next rate to try, given the highest that passed and the lowest that failed.
    fn next_rate(self, passed: Option<f64>, failed: Option<f64>) -> Option<f64> {
        match (passed, failed) {
            (None, None) => Some(self.start),
            (Some(passed), None) => (passed < HIGHEST).then_some(passed * 2.0),
            (None, Some(failed)) => (failed > LOWEST).then_some(failed / 2.0),
            (Some(passed), Some(failed)) => {
                (failed / passed > NARROW).then(|| (passed * failed).sqrt())
            }
        }
    }

    fn attempt(self, stage: &mut Stage, rate: f64) -> anyhow::Result<(Step, Measured)> {
        let mut attempt = 1;
        loop {
            let (step, measured, overloaded) = self.step(stage, rate)?;
            if step.passed || overloaded || attempt == ATTEMPTS || stage.stop.requested() {
                return Ok((step, measured));
            }
            attempt += 1;
            if !recover(stage)? {
                return Ok((step, measured));
            }
        }
    }

    /// Measures one rate; whether it was hopeless, too.
    fn step(self, stage: &mut Stage, rate: f64) -> anyhow::Result<(Step, Measured, bool)> {
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
        let passed = !overloaded
            && enough
            && delivery.p99_us <= self.limit_us
            && delivery.count > 0
            && measured.counts.whole()
            && measured.counts.refused == 0;
        let step = Step {
            rate,
            achieved,
            p50_us: delivery.p50_us,
            p99_us: delivery.p99_us,
            limit_us: self.limit_us,
            passed,
        };
        Ok((step, measured, overloaded))
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

    const SWEEP: Sweep = Sweep {
        start: 50.0,
        limit_us: 25_000,
        warmup: 1.0,
        seconds: 3.0,
        members: 10,
    };

    /// The rates that are tried where `knee` is the highest that passes.
    fn rates(knee: f64) -> Vec<f64> {
        let (mut passed, mut failed, mut tried) = (None, None, Vec::new());
        while let Some(rate) = SWEEP.next_rate(passed, failed) {
            tried.push(rate);
            if rate <= knee {
                passed = Some(rate);
            } else {
                failed = Some(rate);
            }
        }
        assert!(
            passed.is_none_or(|passed| knee / passed < NARROW),
            "{tried:?}"
        );
        tried
    }

    #[test]
    fn rates_double_and_then_close_in() {
        let tried = rates(330.0);
        assert_eq!(tried[..4], [50.0, 100.0, 200.0, 400.0]);
        assert!(tried[4..].iter().all(|rate| (200.0..400.0).contains(rate)));
        assert!(tried.len() < 11, "{tried:?}");
    }

    #[test]
    fn a_start_that_is_too_high_goes_down_and_ends() {
        assert_eq!(rates(20.0)[..3], [50.0, 25.0, 12.5]);
        assert!(rates(0.0).len() < 8);
    }
}
