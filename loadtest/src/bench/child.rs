//! One turn of the bench as a process of its own: this program again, so that
//! every run begins with a fresh generator.

use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};

use super::options::Options;
use super::schedule::Turn;
use crate::goals::case::Measured;
use crate::outcome::Outcome;
use crate::recording::json::Recording;

/// No run of the bench takes as long as this; one that does is stuck.
const PATIENCE: Duration = Duration::from_secs(900);
/// How often a child is asked whether it has ended.
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// Runs a turn and reads what came out of it; its files go into `folder`.
///
/// # Errors
///
/// Where the run has no outcome. What it had to say of that is on stderr.
pub(crate) fn run(
    turn: &Turn,
    options: &Options,
    folder: &Path,
    watched: bool,
    interrupted: &AtomicBool,
) -> anyhow::Result<Outcome> {
    let json = folder.join("outcome.json");
    // The outcome of the run before must not be taken for this one's.
    let _ = std::fs::remove_file(&json);
    let mut command = command(turn, options)?;
    if !watched {
        command.arg("--quiet");
    }
    let child = command
        .arg("--json")
        .arg(&json)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .context("cannot start the run")?;
    let status = wait(child, interrupted)?;
    // A run whose counts are wrong fails and has an outcome nevertheless.
    if !json.exists() {
        bail!("no outcome ({status})");
    }
    let mut runs = Recording::read(&json)?.runs;
    Ok(runs.pop().context("an empty outcome")?.outcome)
}

fn command(turn: &Turn, options: &Options) -> anyhow::Result<Command> {
    let this = std::env::current_exe().context("cannot find this program")?;
    let mut command = Command::new(this);
    let Measured::System { name, settings } = turn.contender.measured else {
        command.arg("redis-baseline");
        if options.short {
            command.args(["--messages", "1000"]);
        }
        return Ok(command);
    };
    let of_case = match options.short {
        true => turn.case.short,
        false => turn.case.settings,
    };
    command
        .arg(turn.case.scenario)
        .args(of_case.split_whitespace())
        .args(["--system", name])
        .args(settings.split_whitespace());
    if let Some(rookery) = &options.rookery {
        command.arg("--rookery").arg(rookery);
    }
    Ok(command)
}

/// Waits for the end. A child that shall end is told so once and then waited for:
/// it has servers of its own to end.
fn wait(mut child: Child, interrupted: &AtomicBool) -> anyhow::Result<ExitStatus> {
    let began = Instant::now();
    let mut told = false;
    loop {
        if let Some(status) = child.try_wait().context("cannot wait for the run")? {
            return Ok(status);
        }
        if !told && (interrupted.load(Ordering::Relaxed) || began.elapsed() > PATIENCE) {
            told = true;
            if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
                // One that has just ended is what is wanted.
                let _ = kill_process(pid, Signal::INT);
            }
        }
        thread::sleep(BETWEEN_LOOKS);
    }
}
