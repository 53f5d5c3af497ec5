//! What Redis itself costs per message, without a chat around it, measured by
//! the program `redis-baseline` of the peers.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, ensure};
use serde::Deserialize;

use crate::outcome::{Better, Counts, Figure, Outcome};
use crate::{fleet, measure};

const NAME: &str = "redis-baseline";
/// What the goal is compared with.
const KIND: &str = "zadd-publish";

/// What the program prints of a run, as far as it is wanted here.
#[derive(Deserialize)]
struct Baseline {
    messages: u64,
    messages_per_second: f64,
    redis_cpu_us_per_message: f64,
}

/// The command; what it prints goes to `output`.
///
/// # Errors
///
/// Where it is not installed, with how to do that.
pub(super) fn command(output: &Path, short: bool) -> anyhow::Result<Command> {
    let mut command = Command::new(installed()?);
    let messages = if short { "1000" } else { "500000" };
    command.args([
        "--kind",
        KIND,
        "--repetitions",
        "1",
        "--json",
        "--messages",
        messages,
    ]);
    let output = File::create(output).context("cannot write the output of redis-baseline")?;
    command.stdout(output);
    Ok(command)
}

/// Where the program is.
///
/// # Errors
///
/// Where it is not installed, with how to do that.
pub(super) fn installed() -> anyhow::Result<PathBuf> {
    let program = fleet::peers_folder().join("target/release").join(NAME);
    ensure!(
        program.is_file(),
        "{NAME} is not installed ({} is missing): run loadtest/peers/install",
        program.display()
    );
    Ok(program)
}

/// What it printed, as an outcome like any other.
pub(super) fn read(output: &Path) -> anyhow::Result<Outcome> {
    let text =
        std::fs::read_to_string(output).context("cannot read the output of redis-baseline")?;
    outcome(&text)
}

fn outcome(text: &str) -> anyhow::Result<Outcome> {
    let baseline: Baseline =
        serde_json::from_str(text.trim()).context("redis-baseline has no result")?;
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Ok(Outcome {
        scenario: NAME.to_owned(),
        system: "redis".to_owned(),
        started_at_ms: u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX),
        machine: measure::machine(),
        command: format!(
            "{NAME} --kind {KIND} --repetitions 1 --messages {}",
            baseline.messages
        ),
        settings: BTreeMap::from([("kind".to_owned(), KIND.to_owned())]),
        seconds: baseline.messages as f64 / baseline.messages_per_second,
        counts: Counts {
            sent: baseline.messages,
            ..Counts::default()
        },
        latencies: BTreeMap::new(),
        timeline: Vec::new(),
        processes: Vec::new(),
        figures: vec![
            Figure::new(
                "redis_cpu_us_per_message",
                "Redis CPU per message",
                "µs",
                baseline.redis_cpu_us_per_message,
                Better::Lower,
            ),
            Figure::new(
                "messages_per_s",
                "Messages",
                "1/s",
                baseline.messages_per_second,
                Better::Higher,
            ),
        ],
        steps: Vec::new(),
        remarks: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_prints_is_understood() {
        let outcome = outcome(
            r#"{"kind":"zadd-publish","messages":500000,"message_bytes":254,"messages_per_second":179000.5,"redis_cpu_us_per_message":5.5,"redis_cores":0.99}"#,
        )
        .unwrap();
        assert_eq!(outcome.figures[0].key, "redis_cpu_us_per_message");
        assert_eq!(outcome.figures[0].value, 5.5);
        assert!((outcome.seconds - 2.79).abs() < 0.01);
    }
}
