//! The load generator of Rookery.

mod bench;
mod cli;
mod dialect;
mod engine;
mod flags;
mod fleet;
mod goals;
mod measure;
mod outcome;
mod recording;
mod report;
mod scenario;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match cli::Arguments::parse().run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
