//! `rookery tail`: what happens in all rooms, or in one, as it happens.
//!
//! It follows the feeds of the store, so that nothing is missed however long it was
//! away: with a file for its place it goes on where it was.

use std::{
    collections::HashMap,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, bail};
use clap::Args;
use futures_util::{StreamExt, TryStreamExt, stream};
use rookery_protocol::{Cursor, RoomId, client_frame::HistoryPage};
use rookery_store::{Feed, FeedCursor, Grown, Partition, Store};

use super::{flags::Flags, store};

/// How long it waits where nothing happened.
const PAUSE: Duration = Duration::from_millis(250);
/// How many partitions are asked at once.
const AT_ONCE: usize = 16;
/// How many entries of a feed are read at once, and how many events.
const PER_CALL: usize = 200;
/// Of so many rooms it is remembered what was printed; then it begins anew, and what
/// is told twice may be printed twice.
const ROOMS: usize = 100_000;

#[derive(Debug, Args)]
pub(super) struct TailArgs {
    /// Only this room
    #[arg(long, value_name = "ROOM")]
    room: Option<String>,
    /// Begin so long ago, as 10m or 2h; where nothing is said, now
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    since: Option<Duration>,
    /// Go on from the place in this file, and write it there
    #[arg(long, value_name = "FILE")]
    cursor: Option<PathBuf>,
    /// End where everything that has happened is printed
    #[arg(long)]
    once: bool,
}

/// Prints events, a line of JSON each, until it is interrupted.
pub(super) fn tail(flags: &Flags, args: &TailArgs) -> anyhow::Result<ExitCode> {
    let (runtime, store) = store::connect(flags)?;
    let room = args.room.as_ref().map(RoomId::new).transpose();
    let room = room.context("--room is no id of a room")?;
    let now = runtime.block_on(store.ping())?.time_ms;
    let mut tail = Tail {
        room,
        places: begin(args, now)?,
        printed: HashMap::new(),
        store: store.clone(),
    };
    if let Some(file) = &args.cursor {
        tail.write_places(file)?;
    }
    let done = runtime.block_on(async {
        tokio::select! {
            done = tail.run(args) => done,
            interrupted = tokio::signal::ctrl_c() => interrupted.map_err(Into::into),
        }
    });
    runtime.block_on(store.close());
    done?;
    Ok(ExitCode::SUCCESS)
}

/// Where each partition is to be read from; it is `now` by the store's clock.
fn begin(args: &TailArgs, now: u64) -> anyhow::Result<Vec<FeedCursor>> {
    if let Some(file) = args.cursor.as_ref().filter(|file| file.exists()) {
        return read_places(file).with_context(|| format!("{} holds no places", file.display()));
    }
    let ago = args.since.unwrap_or_default();
    let since = now.saturating_sub(u64::try_from(ago.as_millis())?);
    let since = FeedCursor::at(since);
    Ok(Partition::all().map(|_| since.clone()).collect())
}

fn read_places(file: &Path) -> anyhow::Result<Vec<FeedCursor>> {
    let text = fs::read_to_string(file)?;
    let places = text.lines().map(|line| line.parse());
    let places: Vec<FeedCursor> = places.collect::<Result<_, _>>()?;
    if places.len() != usize::from(Partition::COUNT) {
        bail!("there are {} of {}", places.len(), Partition::COUNT);
    }
    Ok(places)
}

struct Tail {
    store: Store,
    room: Option<RoomId>,
    places: Vec<FeedCursor>,
    /// Up to where each room was printed.
    printed: HashMap<RoomId, Cursor>,
}

impl Tail {
    async fn run(&mut self, args: &TailArgs) -> anyhow::Result<()> {
        loop {
            let feeds = self.feeds().await?;
            let mut moved = false;
            for (place, feed) in feeds.into_iter().enumerate() {
                for grown in &feed.grown {
                    self.print(grown).await?;
                }
                moved |= self.places[place] != feed.next;
                self.places[place] = feed.next;
            }
            io::stdout().flush()?;
            if moved && let Some(file) = &args.cursor {
                self.write_places(file)?;
            }
            match moved {
                true => {}
                false if args.once => return Ok(()),
                false => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    async fn feeds(&self) -> anyhow::Result<Vec<Feed>> {
        let asking = Partition::all().zip(&self.places);
        let asking = asking.map(|(partition, place)| self.store.feed(partition, place, PER_CALL));
        let feeds = stream::iter(asking).buffered(AT_ONCE).try_collect();
        Ok(feeds.await?)
    }

    /// Prints what a room has grown by and was not printed yet.
    async fn print(&mut self, grown: &Grown) -> anyhow::Result<()> {
        if self.room.as_ref().is_some_and(|room| *room != grown.room) {
            return Ok(());
        }
        let heads = self.store.heads(std::slice::from_ref(&grown.room)).await?;
        // The room has gone since.
        let Some(Some(head)) = heads.into_iter().next() else {
            return Ok(());
        };
        let printed = self.printed.get(&grown.room);
        let printed = printed.filter(|printed| printed.epoch == head.epoch);
        let from = printed.map_or(0, |printed| printed.seq);
        let mut after = Cursor {
            seq: from.max(grown.first.saturating_sub(1)),
            epoch: head.epoch,
        };
        while after.seq < grown.last {
            let range = self
                .store
                .events_after(&grown.room, &after, PER_CALL)
                .await?;
            let Some(last) = range.events.last() else {
                after.seq = self
                    .first_after(&grown.room, after.seq)
                    .await?
                    .unwrap_or(grown.last);
                continue;
            };
            let mut out = io::stdout().lock();
            for event in range.events.iter().filter(|event| event.seq <= grown.last) {
                out.write_all(event.json())?;
                out.write_all(b"\n")?;
            }
            after.seq = last.seq.min(grown.last);
        }
        if self.printed.len() >= ROOMS {
            self.printed.clear();
        }
        self.printed.insert(grown.room.clone(), after);
        Ok(())
    }

    /// The number before the first message that is still there after one that is not.
    async fn first_after(&self, room: &RoomId, seq: u64) -> anyhow::Result<Option<u64>> {
        let page = self
            .store
            .history(room, None, HistoryPage::After(seq), 1)
            .await?;
        let first = page.messages.first();
        Ok(first.map(|event| (event.seq - 1).max(seq + 1)))
    }

    /// Written beside and moved, so that there is always a whole one.
    fn write_places(&self, file: &Path) -> anyhow::Result<()> {
        let lines = self.places.iter().map(|place| format!("{place}\n"));
        let beside = file.with_extension("new");
        fs::write(&beside, lines.collect::<String>())
            .and_then(|()| fs::rename(&beside, file))
            .with_context(|| format!("{} cannot be written", file.display()))
    }
}
