//! `rookery rooms`: which rooms there are, what they hold, and how to take one away.

use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
    time::{Duration, UNIX_EPOCH},
};

use anyhow::{Context, bail};
use clap::{Args, Subcommand, ValueEnum};
use futures_util::{StreamExt, TryStreamExt, stream};
use rookery_protocol::RoomId;
use rookery_store::{Partition, RoomFigures, Store};
use serde::Serialize;

use super::{flags::Flags, say, store};

/// How many rooms are looked at at once.
const AT_ONCE: usize = 32;
/// How many are listed in one call.
const PER_CALL: usize = 500;

#[derive(Debug, Args)]
pub(super) struct RoomsArgs {
    #[command(subcommand)]
    command: Option<RoomsCommand>,
}

#[derive(Debug, Subcommand)]
enum RoomsCommand {
    /// List all rooms with their sizes (what happens where nothing is said).
    List(ListArgs),
    /// Show one room.
    Show {
        /// The room's id
        room: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Take a room away with everything in it. Who is there finds an empty one in its place.
    Remove {
        /// The room's id
        room: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Default, Args)]
struct ListArgs {
    /// What comes first
    #[arg(long, value_enum, default_value_t)]
    sort: Sort,
    /// At most so many
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// A line of JSON for each
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Sort {
    /// By id
    #[default]
    Id,
    /// The largest first
    Size,
    /// The one with the most messages first
    Messages,
    /// The one in which something happened last first
    Last,
}

/// A room as it is shown.
#[derive(Debug, Serialize)]
struct Row {
    room: RoomId,
    messages: u64,
    seq: u64,
    online: u64,
    last_event_ms: u64,
    bytes: u64,
}

/// Lists, shows or takes away rooms of a running cluster.
pub(super) fn rooms(flags: &Flags, args: &RoomsArgs) -> anyhow::Result<ExitCode> {
    let (runtime, store) = store::connect(flags)?;
    let done = runtime.block_on(carry_out(&store, args.command.as_ref()));
    // What was changed in a data folder is written.
    runtime.block_on(store.close());
    done
}

async fn carry_out(store: &Store, command: Option<&RoomsCommand>) -> anyhow::Result<ExitCode> {
    match command {
        None => list(store, &ListArgs::default()).await,
        Some(RoomsCommand::List(args)) => list(store, args).await,
        Some(RoomsCommand::Show { room, json }) => show(store, room, *json).await,
        Some(RoomsCommand::Remove { room, yes }) => remove(store, room, *yes).await,
    }
}

async fn list(store: &Store, args: &ListArgs) -> anyhow::Result<ExitCode> {
    let rooms = all(store).await?;
    let progress = Progress::new(rooms.len());
    let rows = stream::iter(rooms).map(|room| row(store, room));
    let mut rows: Vec<Row> = rows
        .buffer_unordered(AT_ONCE)
        .inspect_ok(|_| progress.one_more())
        .try_filter_map(async |row| Ok(row))
        .try_collect()
        .await?;
    progress.end();
    rows.sort_unstable_by(|one, other| one.room.cmp(&other.room));
    match args.sort {
        Sort::Id => {}
        Sort::Size => rows.sort_by_key(|row| std::cmp::Reverse(row.bytes)),
        Sort::Messages => rows.sort_by_key(|row| std::cmp::Reverse(row.messages)),
        Sort::Last => rows.sort_by_key(|row| std::cmp::Reverse(row.last_event_ms)),
    }
    let (count, bytes) = (rows.len(), rows.iter().map(|row| row.bytes).sum::<u64>());
    rows.truncate(args.limit.unwrap_or(usize::MAX));
    if args.json {
        for row in &rows {
            say(&serde_json::to_string(row)?)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    print(&rows)?;
    say(&format!("{count} rooms, {}", size(bytes)))?;
    Ok(ExitCode::SUCCESS)
}

async fn show(store: &Store, room: &str, json: bool) -> anyhow::Result<ExitCode> {
    let room = RoomId::new(room).context("that is no id of a room")?;
    let Some(row) = row(store, room.clone()).await? else {
        bail!("there is no room {room}");
    };
    match json {
        true => say(&serde_json::to_string(&row)?)?,
        false => print(&[row])?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn remove(store: &Store, room: &str, yes: bool) -> anyhow::Result<ExitCode> {
    let room = RoomId::new(room).context("that is no id of a room")?;
    let Some(row) = row(store, room.clone()).await? else {
        bail!("there is no room {room}");
    };
    if !yes {
        if !io::stdin().is_terminal() {
            bail!(
                "{room} holds {} messages; --yes takes it away without a question",
                row.messages
            );
        }
        let question = format!(
            "Take away {room} with its {} messages? [y/N] ",
            row.messages
        );
        io::stdout().write_all(question.as_bytes())?;
        io::stdout().flush()?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        if !answer.trim().eq_ignore_ascii_case("y") {
            say("nothing was changed")?;
            return Ok(ExitCode::FAILURE);
        }
    }
    store.remove_room(&room, None).await?;
    say(&format!("{room} is gone, with {} messages", row.messages))?;
    Ok(ExitCode::SUCCESS)
}

/// All rooms of all partitions.
async fn all(store: &Store) -> anyhow::Result<Vec<RoomId>> {
    let mut rooms = Vec::new();
    for partition in Partition::all() {
        for skip in (0..).step_by(PER_CALL) {
            let part = store.rooms_in(partition, skip, PER_CALL).await?;
            let is_last = part.len() < PER_CALL;
            rooms.extend(part);
            if is_last {
                break;
            }
        }
    }
    Ok(rooms)
}

/// Nothing where the room has gone meanwhile.
async fn row(store: &Store, room: RoomId) -> anyhow::Result<Option<Row>> {
    let figures = store.room_figures(&room).await?;
    Ok(figures.map(|figures: RoomFigures| Row {
        room,
        messages: figures.messages,
        seq: figures.head.seq,
        online: figures.online,
        last_event_ms: figures.last_event_ms,
        bytes: figures.bytes,
    }))
}

fn print(rows: &[Row]) -> io::Result<()> {
    let longest = rows.iter().map(|row| row.room.as_str().len()).max();
    let width = longest.unwrap_or(0).max("room".len());
    say(&format!(
        "{:width$}  {:>9}  {:>6}  {:>9}  {:20}",
        "room", "messages", "online", "size", "last event"
    ))?;
    for row in rows {
        let last = UNIX_EPOCH + Duration::from_millis(row.last_event_ms);
        say(&format!(
            "{:width$}  {:>9}  {:>6}  {:>9}  {:20}",
            row.room,
            row.messages,
            row.online,
            size(row.bytes),
            humantime::format_rfc3339_seconds(last),
        ))?;
    }
    Ok(())
}

/// Bytes as people read them.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["B", "KiB", "MiB", "GiB"];
    let mut size = bytes as f64;
    let mut unit = 0;
    while size >= 1024.0 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    match unit {
        0 => format!("{bytes} B"),
        _ => format!("{size:.1} {}", UNITS[unit]),
    }
}

/// How far a long list is, on a terminal.
struct Progress {
    all: usize,
    done: std::cell::Cell<usize>,
    shown: bool,
}

impl Progress {
    fn new(all: usize) -> Self {
        Self {
            all,
            done: std::cell::Cell::new(0),
            shown: all > 10 * AT_ONCE && io::stderr().is_terminal(),
        }
    }

    fn one_more(&self) {
        self.done.set(self.done.get() + 1);
        if self.shown && self.done.get().is_multiple_of(AT_ONCE) {
            // Where nobody can see it nothing is lost.
            let _ = write!(io::stderr(), "\r{} of {} rooms", self.done.get(), self.all);
        }
    }

    fn end(&self) {
        if self.shown {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_readable() {
        assert_eq!(size(1023), "1023 B");
        assert_eq!(size(1536), "1.5 KiB");
        assert_eq!(size(5 << 40), "5120.0 GiB");
    }
}
