//! The load generator of Rookery.

#![allow(
    dead_code,
    unused_imports,
    reason = "its parts land one after the other"
)]

mod bench;
mod dialect;
mod engine;
mod fleet;
mod measure;
mod outcome;
mod report;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Measures Rookery and its peers.
#[derive(Debug, Parser)]
#[command(name = "rookery-loadtest", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Bench(bench::Options),
    Compare(report::commands::CompareOptions),
    Show(report::commands::ShowOptions),
}

fn main() -> ExitCode {
    run(Cli::parse().command).unwrap_or_else(|error| {
        eprintln!("rookery-loadtest: {error:#}");
        ExitCode::FAILURE
    })
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Bench(options) => return bench::run(&options),
        Command::Compare(options) => report::commands::compare(&options)?,
        Command::Show(options) => report::commands::show(&options)?,
    }
    Ok(ExitCode::SUCCESS)
}
