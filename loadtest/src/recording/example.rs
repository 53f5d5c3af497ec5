//! Made-up outcomes for the tests of what shows them. Smooth, repeatable, and
//! none of them measured.

use std::collections::BTreeMap;

use super::json::Run;
use crate::outcome::{
    Better, Counts, Figure, Machine, Moment, Outcome, ProcessUse, Quantiles, Role, Step,
};

const SECONDS: u64 = 20;

/// One room of 1000; `cost` scales what a delivery costs.
pub(crate) fn fanout(system: &str, cost: f64) -> Outcome {
    let deliveries = SECONDS * 50_000;
    Outcome {
        scenario: "fanout".into(),
        system: system.into(),
        started_at_ms: 1_795_317_000_000,
        machine: Machine {
            cpu: "Example CPU @ 2.50 GHz".into(),
            cores: 2,
            memory_bytes: 24 << 30,
            kernel: "6.1.0".into(),
        },
        command: format!(
            "rookery-loadtest fanout --system {system} --rooms 1 --members 1000 --rate 50 --seconds {SECONDS}"
        ),
        settings: settings(&[
            ("rooms", "1"),
            ("members", "1000"),
            ("rate", "50"),
            ("text bytes", "200"),
        ]),
        seconds: SECONDS as f64,
        counts: Counts {
            connections: 1000,
            sent: SECONDS * 50,
            acknowledged: SECONDS * 50,
            expected: deliveries,
            received: deliveries,
            ..Counts::default()
        },
        latencies: BTreeMap::from([
            ("delivery".to_owned(), quantiles(deliveries, 2100.0 * cost)),
            (
                "acknowledgement".to_owned(),
                quantiles(SECONDS * 50, 640.0 * cost),
            ),
        ]),
        timeline: (0..SECONDS).map(|second| moment(second, cost)).collect(),
        processes: vec![
            process(Role::Node, &format!("node {system}"), 0.355 * cost, 8.0),
            process(Role::Generator, "generator", 0.21, 11.0),
        ],
        figures: vec![
            Figure::new(
                "cpu_us_per_delivery",
                "CPU per delivery",
                "µs",
                7.1 * cost,
                Better::Lower,
            ),
            Figure::new(
                "deliveries_per_s",
                "Deliveries",
                "1/s",
                50_000.0,
                Better::Higher,
            ),
            Figure::new(
                "delivery_p99_us",
                "p99 of a delivery",
                "µs",
                5300.0 * cost,
                Better::Lower,
            ),
        ],
        steps: Vec::new(),
        remarks: vec!["the generator used 21 % of its core".into()],
    }
}

/// A sweep that finds its knee after some steps.
pub(crate) fn sweep(system: &str, cost: f64) -> Outcome {
    let steps: Vec<_> = (0..9).map(|step| sweep_step(step, cost)).collect();
    let knee = steps
        .iter()
        .filter(|step| step.passed)
        .map(|step| step.rate)
        .fold(0.0, f64::max);
    Outcome {
        figures: vec![Figure::new(
            "knee_rate",
            "Highest rate with p99 under 25 ms",
            "1/s",
            knee,
            Better::Higher,
        )],
        settings: settings(&[
            ("rooms", "1"),
            ("members", "1000"),
            ("sweep", "p99 under 25 ms"),
        ]),
        steps,
        ..fanout(system, cost)
    }
}

/// Three cases, one of them for Rookery alone, in three repetitions that differ a little.
pub(crate) fn bench() -> Vec<Run> {
    let mut runs = Vec::new();
    for repetition in 1..=3_u32 {
        let drift = 1.0 + 0.02 * f64::from(repetition);
        runs.push(Run {
            case: Some("soak".to_owned()),
            contender: "rookery".to_owned(),
            repetition,
            outcome: fanout("rookery", drift),
        });
        for (system, cost) in [("rookery", 1.0), ("bun", 1.08), ("socketio", 2.2)] {
            for (case, outcome) in [
                ("fanout-steady", fanout(system, cost * drift)),
                ("fanout-sweep", sweep(system, cost * drift)),
            ] {
                let case = Some(case.to_owned());
                runs.push(Run {
                    case,
                    contender: system.to_owned(),
                    repetition,
                    outcome,
                });
            }
        }
    }
    runs
}

fn settings(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// A latency with a long tail: each ninefold of certainty costs about half as much again.
fn quantiles(count: u64, median_us: f64) -> Quantiles {
    let at = |quantile: f64| {
        let nines = -(1.0 - quantile).max(1e-6).log10();
        (median_us * (0.75 * nines).exp() * 0.8) as u64
    };
    let curve = (0..=60)
        .map(|step| 1.0 - 10_f64.powf(-f64::from(step) / 12.0))
        .map(|quantile| (quantile, at(quantile)))
        .collect();
    Quantiles {
        count,
        mean_us: median_us * 1.1,
        p50_us: at(0.5),
        p90_us: at(0.9),
        p99_us: at(0.99),
        p99_9_us: at(0.999),
        p99_99_us: at(0.9999),
        max_us: at(0.99999),
        curve,
    }
}

fn moment(second: u64, cost: f64) -> Moment {
    let wave = wave(second);
    Moment {
        at_s: second as f64 + 1.0,
        sent: 50,
        received: (50_000.0 + 900.0 * wave) as u64,
        p50_us: (2100.0 * cost * (1.0 + 0.05 * wave)) as u64,
        p99_us: (5300.0 * cost * (1.0 + 0.2 * wave)) as u64,
        max_us: (9000.0 * cost * (1.3 + 0.3 * wave)) as u64,
    }
}

fn process(role: Role, name: &str, share: f64, mebibytes: f64) -> ProcessUse {
    let bytes = |mebibytes: f64| (mebibytes * 1_048_576.0) as u64;
    ProcessUse {
        role,
        name: name.into(),
        pid: 4711,
        cpu_us: (share * SECONDS as f64 * 1e6) as u64,
        memory_before_bytes: bytes(mebibytes),
        memory_after_bytes: bytes(mebibytes + 1.1),
        memory_peak_bytes: bytes(mebibytes + 1.4),
        timeline: (0..SECONDS)
            .map(|second| {
                let wave = wave(second);
                (
                    second as f64 + 1.0,
                    share * (1.0 + 0.06 * wave),
                    bytes(mebibytes + 1.0 + 0.1 * wave),
                )
            })
            .collect(),
    }
}

fn sweep_step(step: i32, cost: f64) -> Step {
    let rate = 500.0 * 1.5_f64.powi(step);
    let load = rate * cost / 6000.0;
    let p99_us = 2400.0 / (1.0 - load.min(0.995));
    Step {
        rate,
        achieved: rate.min(6000.0 / cost),
        p50_us: (p99_us / 3.0) as u64,
        p99_us: p99_us as u64,
        limit_us: 25_000,
        passed: p99_us < 25_000.0,
    }
}

/// Something between -1 and 1 that looks alive.
fn wave(second: u64) -> f64 {
    let at = second as f64;
    ((at * 0.9).sin() + (at * 2.3).sin() * 0.5) / 1.5
}
