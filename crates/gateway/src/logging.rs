//! The log: lines for people or JSON for machines, on standard error, so that
//! what a subcommand prints stays alone on standard output.
//!
//! A thread of its own writes the lines. Where standard error takes them too
//! slowly they are dropped once the buffer of 128,000 lines is full: nobody who
//! serves clients ever waits for the log.

use std::{
    fmt,
    io::{self, IsTerminal},
    sync::mpsc,
    thread,
    time::Duration,
};

use rookery_protocol::ServerId;
use tracing::{Event, Subscriber};
use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::{
    EnvFilter,
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::{Format, Json, JsonFields, Writer},
    },
    registry::LookupSpan,
};

use crate::settings::{LogFormat, LogSettings};

/// How long the end of the process waits for the last lines to be written.
const FLUSH: Duration = Duration::from_secs(2);

/// The log of this process, as long as it is kept: dropping it writes the last
/// lines and ends the log.
#[must_use = "the log ends when this is dropped"]
#[derive(Debug)]
pub struct Log(Option<WorkerGuard>);

/// Starts the log of this process. A second call changes nothing. In JSON every
/// line has the node's id, for those who read the logs of many nodes in one place.
///
/// # Errors
///
/// When `log.level` is no filter; loaded settings were checked for that.
pub fn start(settings: &LogSettings, server_id: &ServerId) -> anyhow::Result<Log> {
    // actix tells of every start what this node says itself; a level that
    // names actix_server still has its way.
    let directives = settings.directives().map_err(anyhow::Error::msg)?;
    let filter = EnvFilter::try_new(format!("actix_server=warn,{directives}"))?;
    let (writer, guard) = tracing_appender::non_blocking(io::stderr());
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        .with_ansi(io::stderr().is_terminal());
    // Fails only where a log is running already, as in tests.
    let _ = match settings.format {
        LogFormat::Pretty => log.try_init(),
        LogFormat::Json => log
            .with_ansi(false)
            .fmt_fields(JsonFields::new())
            .event_format(WithServerId {
                lines: Format::default().json().flatten_event(true),
                last: format!(",\"server_id\":\"{server_id}\"}}"),
            })
            .try_init(),
    };
    Ok(Log(Some(guard)))
}

/// Lines of JSON with one more member. It is called like the one of the
/// envelope, since events about other nodes have a `node`.
struct WithServerId {
    lines: Format<Json>,
    /// The member and the end of the object.
    last: String,
}

impl<S, N> FormatEvent<S, N> for WithServerId
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = String::new();
        self.lines
            .format_event(context, Writer::new(&mut line), event)?;
        match line.trim_end().strip_suffix('}') {
            Some(object) => writeln!(writer, "{object}{}", self.last),
            // What is no object goes out as it is.
            None => writer.write_str(&line),
        }
    }
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
