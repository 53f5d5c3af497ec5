//! The binary `rookery`.

use std::process::ExitCode;

use clap::Parser;
use rookery_gateway::cli::{self, Cli};

fn main() -> ExitCode {
    cli::run(Cli::parse())
}
