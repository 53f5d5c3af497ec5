//! The log: lines for people or JSON for machines, on standard error, so that
//! what a subcommand prints stays alone on standard output.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

use crate::settings::{LogFormat, LogSettings};

/// Starts the log of this process. A second call changes nothing.
///
/// # Errors
///
/// When `log.level` is no filter; loaded settings were checked for that.
pub fn start(settings: &LogSettings) -> anyhow::Result<()> {
    // actix tells of every start what this node says itself; a level that
    // names actix_server still has its way.
    let filter = EnvFilter::try_new(format!("actix_server=warn,{}", settings.level))?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    // Fails only where a log is running already, as in tests.
    let _ = match settings.format {
        LogFormat::Pretty => log.try_init(),
        LogFormat::Json => log.json().flatten_event(true).with_ansi(false).try_init(),
    };
    Ok(())
}
