//! The binary `rookery`.

use std::process::ExitCode;

use clap::Parser;
use rookery_gateway::cli::{self, Cli};

// See docs/decisions/an-idle-connection.md.
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    cli::run(Cli::parse())
}
