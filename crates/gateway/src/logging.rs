//! The log: lines for people or JSON for machines, on standard error, so that
//! what a subcommand prints stays alone on standard output.
//!
//! A thread of its own writes the lines. Where standard error takes them too
//! slowly they are dropped once the buffer of 128,000 lines is full: nobody who
//! serves clients ever waits for the log.

use std::{
    io::{self, IsTerminal},
    sync::mpsc,
    thread,
    time::Duration,
};

use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::EnvFilter;

use crate::settings::{LogFormat, LogSettings};

/// How long the end of the process waits for the last lines to be written.
const FLUSH: Duration = Duration::from_secs(2);

/// The log of this process, as long as it is kept: dropping it writes the last
/// lines and ends the log.
#[must_use = "the log ends when this is dropped"]
#[derive(Debug)]
pub struct Log(Option<WorkerGuard>);

/// Starts the log of this process. A second call changes nothing.
///
/// # Errors
///
/// When `log.level` is no filter; loaded settings were checked for that.
pub fn start(settings: &LogSettings) -> anyhow::Result<Log> {
    // actix tells of every start what this node says itself; a level that
    // names actix_server still has its way.
    let filter = EnvFilter::try_new(format!("actix_server=warn,{}", settings.level))?;
    let (writer, guard) = tracing_appender::non_blocking(io::stderr());
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        .with_ansi(io::stderr().is_terminal());
    // Fails only where a log is running already, as in tests.
    let _ = match settings.format {
        LogFormat::Pretty => log.try_init(),
        LogFormat::Json => log.json().flatten_event(true).with_ansi(false).try_init(),
    };
    Ok(Log(Some(guard)))
}

impl Drop for Log {
    fn drop(&mut self) {
        let guard = self.0.take();
        let (written, wait) = mpsc::channel();
        // Where the buffer is full the guard complains on standard output,
        // which may be stalled too: the process must end all the same.
        thread::spawn(move || {
            drop(guard);
            let _ = written.send(());
        });
        let _ = wait.recv_timeout(FLUSH);
    }
}
