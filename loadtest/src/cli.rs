//! The command line: what is run, against what, and where the result goes.
//! Ends with 0 where everything came, 1 where something is missing, doubled or
//! out of order, 2 where nothing could be measured.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::{
    bench,
    flags::Output,
    outcome::{Counts, Outcome},
    report,
    scenario::{connect, fanout, idle, outage, redis_baseline, rooms, slow, soak, storm},
};

/// Measures Rookery and chat servers like it on this machine.
///
/// Without --targets it starts what it measures, pinned to cores of its own, and
/// ends it afterwards.
#[derive(Debug, Parser)]
#[command(name = "rookery-loadtest", version, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Messages to every member of big rooms: at a rate, with a number in flight, or a sweep for the highest rate
    Fanout(fanout::Arguments),
    /// Many small rooms: at a rate, or saturated
    Rooms(rooms::Arguments),
    /// Many connections that hold still: bytes each, and a message to all of them
    Idle(idle::Arguments),
    /// Connections made: how many a second, and what each costs; --churn while a crowd drops
    Connect(connect::Arguments),
    /// Everybody drops and comes back with a cursor: until when all have everything
    Storm(storm::Arguments),
    /// Nobody can be served for a while, nodes or Redis being away: until when each is back
    Outage(outage::Arguments),
    /// A room in which some stop reading: what the others notice
    Slow(slow::Arguments),
    /// A mixture over minutes that audits every message, while nodes are restarted where told
    Soak(soak::Arguments),
    /// Redis alone, without a chat around it: what each message costs it
    RedisBaseline(redis_baseline::Arguments),
    Bench(bench::Options),
    Compare(report::commands::CompareOptions),
    Show(report::commands::ShowOptions),
    /// A process that holds connections for `idle`
    #[command(name = idle::PART_COMMAND, hide = true)]
    IdlePart,
}

impl Arguments {
    /// Runs what was asked for.
    ///
    /// # Errors
    ///
    /// Where it cannot be measured, with what to do.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Fanout(of) => conclude(&of.common.output, &fanout::run(&of)?),
            Command::Rooms(of) => conclude(&of.common.output, &rooms::run(&of)?),
            Command::Idle(of) => conclude(&of.common.output, &idle::run(&of)?),
            Command::Connect(of) => conclude(&of.common.output, &connect::run(&of)?),
            Command::Storm(of) => conclude(&of.common.output, &storm::run(&of)?),
            Command::Outage(of) => conclude(&of.common.output, &outage::run(&of)?),
            Command::Slow(of) => conclude(&of.common.output, &slow::run(&of)?),
            Command::Soak(arguments) => {
                let outcome = soak::run(&arguments)?;
                let code = conclude(&arguments.common.output, &outcome)?;
                Ok(match arguments.too_late(&outcome) {
                    None => code,
                    Some(words) => {
                        eprintln!("error: {words}");
                        ExitCode::FAILURE
                    }
                })
            }
            Command::RedisBaseline(of) => conclude(&of.output, &redis_baseline::run(&of)?),
            Command::Bench(options) => bench::run(&options),
            Command::Compare(options) => {
                report::commands::compare(&options).map(|()| ExitCode::SUCCESS)
            }
            Command::Show(options) => report::commands::show(&options).map(|()| ExitCode::SUCCESS),
            Command::IdlePart => idle::run_part().map(|()| ExitCode::SUCCESS),
        }
    }
}

/// Shows an outcome and says by the exit code whether everything came.
fn conclude(output: &Output, outcome: &Outcome) -> anyhow::Result<ExitCode> {
    report::show(outcome, output)?;
    if outcome.counts.whole() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("error: {}", faults(&outcome.counts));
    Ok(ExitCode::FAILURE)
}

/// What is wrong, in one line.
fn faults(counts: &Counts) -> String {
    let faults = [
        (counts.missing, "deliveries are missing"),
        (counts.doubled, "deliveries came twice"),
        (counts.disordered, "deliveries came out of order"),
        (counts.lost_connections, "connections were lost"),
    ];
    let found: Vec<_> = faults
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    found.join(", ")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_flags_do_not_contradict_each_other() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_fault_is_named() {
        let counts = Counts {
            missing: 3,
            lost_connections: 1,
            ..Counts::default()
        };
        assert_eq!(
            faults(&counts),
            "3 deliveries are missing, 1 connections were lost"
        );
    }
}
