//! Which plots an outcome gives. A plot that would be empty is left out.

use super::axis::{Axis, count, trimmed};
use super::plot::{Look, Plot, Point, Series};
use crate::outcome::{Moment, Outcome, Quantiles, Role, Step};
use crate::recording::units::{bytes, duration, micros, short};

/// All plots of one outcome, in the order of the page.
pub(super) fn of(outcome: &Outcome) -> Vec<Plot> {
    let names: Vec<_> = outcome
        .latencies
        .iter()
        .map(|(name, q)| (name.as_str(), q))
        .collect();
    let plots = [
        sweep(&[(&outcome.system, 0, outcome)]),
        throughput(outcome),
        quantiles("Latency by quantile", &numbered(&names)),
        latency_over_time(outcome),
        cpu(outcome),
        memory(outcome),
    ];
    plots.into_iter().flatten().collect()
}

/// Each with a colour of its own.
fn numbered<'a, T: Copy>(named: &[(&'a str, T)]) -> Vec<(&'a str, usize, T)> {
    named
        .iter()
        .enumerate()
        .map(|(colour, (name, value))| (*name, colour, *value))
        .collect()
}

/// Rate against p99, for one system or several: (name, colour, outcome).
pub(super) fn sweep(outcomes: &[(&str, usize, &Outcome)]) -> Option<Plot> {
    // A rate that was given up before anything was measured has no p99.
    let measured = |step: &&Step| step.p99_us > 0;
    let steps = || {
        let all = outcomes.iter().flat_map(|(_, _, outcome)| &outcome.steps);
        all.filter(measured)
    };
    let limit_us = steps().map(|step| step.limit_us).find(|limit| *limit > 0);
    let (least_rate, most_rate) = range(steps().map(|step| step.rate))?;
    let limits = limit_us.map(|limit| limit as f64);
    let (least_us, most_us) = range(steps().map(|step| step.p99_us as f64).chain(limits))?;
    let line = |(name, colour, outcome): &(&str, usize, &Outcome)| Series {
        name: (*name).to_owned(),
        colour: *colour,
        look: Look::Dots,
        points: outcome
            .steps
            .iter()
            .filter(measured)
            .map(|step| Point {
                x: step.rate,
                y: step.p99_us as f64,
                at: format!("{}/s", short(step.rate)),
                value: step_words(step),
                bad: !step.passed,
            })
            .collect(),
    };
    Some(Plot {
        title: "Sweep: p99 by messages a second".into(),
        note: "hollow: too late".into(),
        x: Axis::log(least_rate, most_rate, count),
        y: Axis::log(least_us, most_us, micros),
        series: outcomes.iter().map(line).collect(),
        limit: limit_us.map(|limit| {
            (
                limit as f64,
                format!("limit {}", trimmed(&micros(limit as f64))),
            )
        }),
        labels: false,
    })
}

/// The rate that was reached is worth a word only where it is not the one asked for.
fn step_words(step: &Step) -> String {
    let p99 = format!("p99 {}", micros(step.p99_us as f64));
    if step.achieved >= step.rate * 0.98 {
        p99
    } else {
        format!("{p99} at {}/s", short(step.achieved))
    }
}

fn throughput(outcome: &Outcome) -> Option<Plot> {
    let most = outcome
        .timeline
        .iter()
        .map(|moment| moment.received)
        .max()?;
    let point = |moment: &Moment| Point {
        value: format!(
            "{}/s, sent {}/s",
            short(moment.received as f64),
            short(moment.sent as f64)
        ),
        ..at_time(moment.at_s, moment.received as f64)
    };
    (most > 0).then(|| Plot {
        title: "Deliveries a second".into(),
        note: String::new(),
        x: Axis::seconds(last_moment(outcome)),
        y: Axis::linear(most as f64, 1.0, |value| {
            super::axis::trimmed(&short(value))
        }),
        series: vec![Series {
            name: "received".into(),
            colour: 0,
            look: Look::Area,
            points: outcome.timeline.iter().map(point).collect(),
        }],
        limit: None,
        labels: false,
    })
}

/// Quantiles of several latencies: (name, colour, quantiles).
pub(super) fn quantiles(title: &str, latencies: &[(&str, usize, &Quantiles)]) -> Option<Plot> {
    let values = latencies
        .iter()
        .flat_map(|(_, _, q)| &q.curve)
        .map(|(_, us)| *us as f64);
    let (least, most) = range(values.filter(|us| *us > 0.0))?;
    // A quantile that fewer than one value lies above is only the maximum again.
    let count = latencies
        .iter()
        .map(|(_, _, q)| q.count)
        .max()
        .unwrap_or(0)
        .max(100);
    let nines = count.ilog10().clamp(2, 4);
    let line = |(name, colour, quantiles): &(&str, usize, &Quantiles)| Series {
        name: (*name).to_owned(),
        colour: *colour,
        look: Look::Line,
        points: quantiles
            .curve
            .iter()
            .filter(|(quantile, _)| *quantile <= 1.0 - 10_f64.powi(-(nines as i32)) + 1e-9)
            .map(|(quantile, us)| Point {
                x: *quantile,
                y: (*us).max(1) as f64,
                at: quantile_words(*quantile),
                value: micros(*us as f64),
                bad: false,
            })
            .collect(),
    };
    Some(Plot {
        title: title.into(),
        note: "both axes logarithmic".into(),
        x: Axis::quantiles(nines),
        y: Axis::log(least, most, micros),
        series: latencies.iter().map(line).collect(),
        limit: None,
        labels: false,
    })
}

/// `99.9 %` with as many digits as it needs.
fn quantile_words(quantile: f64) -> String {
    let missing = (1.0 - quantile).max(1e-7);
    let digits = (-missing.log10()).floor().max(0.0) as usize;
    format!("{:.*} %", digits, quantile * 100.0)
}

/// A latency of a second, and its name.
type Level = (&'static str, fn(&Moment) -> u64);

fn latency_over_time(outcome: &Outcome) -> Option<Plot> {
    let levels: [Level; 3] = [
        ("p50", |moment| moment.p50_us),
        ("p99", |moment| moment.p99_us),
        ("max", |moment| moment.max_us),
    ];
    let values = levels
        .iter()
        .flat_map(|(_, level)| outcome.timeline.iter().map(level));
    let (least, most) = range(values.map(|us| us as f64).filter(|us| *us > 0.0))?;
    let line = |(colour, (name, level)): (usize, &Level)| Series {
        name: (*name).to_owned(),
        colour,
        look: Look::Line,
        points: outcome
            .timeline
            .iter()
            .filter(|moment| level(moment) > 0)
            .map(|moment| {
                let us = level(moment) as f64;
                Point {
                    value: micros(us),
                    ..at_time(moment.at_s, us)
                }
            })
            .collect(),
    };
    Some(Plot {
        title: "Latency over time".into(),
        note: "logarithmic".into(),
        x: Axis::seconds(last_moment(outcome)),
        y: Axis::log(least, most, micros),
        series: levels.iter().enumerate().map(line).collect(),
        limit: None,
        labels: false,
    })
}

fn cpu(outcome: &Outcome) -> Option<Plot> {
    over_time(
        outcome,
        ["CPU by process", "share of one core"],
        |share, _| share * 100.0,
        |percent| format!("{percent:.1} %"),
        |most| Axis::linear(most.max(10.0), 1.0, |value| format!("{value:.0} %")),
    )
}

fn memory(outcome: &Outcome) -> Option<Plot> {
    over_time(
        outcome,
        ["Memory by process", "resident"],
        |_, resident| resident as f64,
        bytes,
        Axis::bytes,
    )
}

/// One line for each process that was sampled: the value of a share of a core
/// and of resident bytes, how one is written, and the axis by the largest.
fn over_time(
    outcome: &Outcome,
    [title, note]: [&str; 2],
    value: impl Fn(f64, u64) -> f64,
    words: impl Fn(f64) -> String,
    y: impl Fn(f64) -> Axis,
) -> Option<Plot> {
    let point = |&(at_s, share, resident): &(f64, f64, u64)| Point {
        value: words(value(share, resident)),
        ..at_time(at_s, value(share, resident))
    };
    let sampled = outcome.processes.iter().enumerate();
    let sampled = sampled.filter(|(_, process)| !process.timeline.is_empty());
    let series: Vec<_> = sampled
        .map(|(index, process)| Series {
            name: process.title(),
            colour: process.role.colour(index),
            look: Look::Line,
            points: process.timeline.iter().map(point).collect(),
        })
        .collect();
    let points = || series.iter().flat_map(|line| &line.points);
    let (_, most) = range(points().map(|point| point.y))?;
    let (_, last) = range(points().map(|point| point.x))?;
    Some(Plot {
        title: title.into(),
        note: note.into(),
        x: Axis::seconds(last),
        y: y(most),
        series,
        limit: None,
        labels: false,
    })
}

impl Role {
    /// Nodes take the colours from the first on; what is not measured itself is grey.
    fn colour(self, index: usize) -> usize {
        match self {
            Self::Node => index % 5,
            Self::Redis => 5,
            Self::Generator => 7,
        }
    }
}

fn at_time(at_s: f64, y: f64) -> Point {
    Point {
        x: at_s,
        y,
        at: duration(at_s),
        value: String::new(),
        bad: false,
    }
}

fn last_moment(outcome: &Outcome) -> f64 {
    outcome
        .timeline
        .last()
        .map_or(outcome.seconds, |moment| moment.at_s)
}

/// The least and the most; nothing where there is no value.
pub(super) fn range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values
        .filter(|value| value.is_finite())
        .fold(None, |range, value| match range {
            None => Some((value, value)),
            Some((least, most)) => Some((least.min(value), most.max(value))),
        })
}
