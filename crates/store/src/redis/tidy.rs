//! Comes by where something may be let go of: in rooms where something is due, and by and
//! by in all. Every node does so; what one has done the others find done.

use std::{sync::Arc, time::Duration};

use fred::types::{Key, Value};
use rookery_protocol::RoomId;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::{
    answer::Answer, append_call::text, connection::Connection, grouping::Grouping, keys,
    link::Link, read::number, script::Script,
};
use crate::{Partition, Retention, StoreError};

/// How often a node looks what is due.
const EVERY: Duration = Duration::from_secs(1);
/// How often it says that partitions have grown older.
const OLDER_EVERY: Duration = Duration::from_secs(10);
/// What counts at most of the time since somebody said so last, in milliseconds. While
/// nobody looks, nothing grows old.
const MOST_AT_ONCE_MS: u64 = 30_000;
/// How many rooms of a partition are taken from those that are due.
const ROOMS_AT_ONCE: u64 = 64;
/// How many numbers are looked at in one call. A call takes less than a millisecond.
const NUMBERS_PER_CALL: u64 = 256;
/// How many rooms are looked at beside those that are due, to find what new settings let go of.
const ROOMS_BESIDE: usize = 64;
/// So many calls in a row are made where much is due, before others are looked at.
const CALLS_AT_ONCE: usize = 32;

/// Looks for as long as the store lives.
pub(super) async fn run(link: Link, retention: Arc<Retention>) {
    let mut times = interval(EVERY);
    times.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut tidying = Tidying {
        retention,
        grown_older: None,
        beside: (0, 0),
    };
    loop {
        times.tick().await;
        let Ok(connection) = link.current() else {
            continue;
        };
        if let Err(error) = tidying.come_by(&connection).await {
            // It is done when it works again; readers see nothing of what is not.
            tracing::debug!(%error, "cannot take away what is out of sight");
        }
    }
}

struct Tidying {
    retention: Arc<Retention>,
    grown_older: Option<Instant>,
    /// Partition and place of the room that is looked at next beside what is due.
    beside: (u8, usize),
}

impl Tidying {
    async fn come_by(&mut self, connection: &Connection) -> Result<(), StoreError> {
        if self
            .grown_older
            .is_none_or(|then| then.elapsed() >= OLDER_EVERY)
        {
            grow_older(connection).await?;
            self.grown_older = Some(Instant::now());
        }
        for (partition, due) in due(connection).await? {
            self.tidy(connection, partition, due).await?;
        }
        let (number, place) = self.beside;
        let Some(partition) = Partition::numbered(number) else {
            self.beside = (0, 0);
            return Ok(());
        };
        let args = vec![
            text(keys::rooms(partition)),
            text(place.to_string()),
            text((place + ROOMS_BESIDE - 1).to_string()),
        ];
        let rooms: Vec<String> = connection.command("ZRANGE", args).await?;
        self.beside = match rooms.len() {
            ROOMS_BESIDE => (number, place + ROOMS_BESIDE),
            _ => (number + 1, 0),
        };
        self.tidy(connection, partition, rooms).await
    }

    /// Comes by in some rooms until nothing more is to be let go of there, or for so long.
    async fn tidy(
        &self,
        connection: &Connection,
        partition: Partition,
        rooms: Vec<String>,
    ) -> Result<(), StoreError> {
        let rooms: Vec<RoomId> = rooms
            .into_iter()
            .filter_map(|room| RoomId::new(room).ok())
            .collect();
        if rooms.is_empty() {
            return Ok(());
        }
        for _ in 0..CALLS_AT_ONCE {
            let (keys, args) = self.words(partition, &rooms);
            let answer = connection.call(Script::Tidy, keys, args).await?;
            let mut answer = Answer::new("a tidying", answer)?;
            let (_taken_away, looked_at) = (answer.number()?, answer.number()?);
            if looked_at < NUMBERS_PER_CALL {
                break;
            }
        }
        Ok(())
    }

    fn words(&self, partition: Partition, rooms: &[RoomId]) -> (Vec<Key>, Vec<Value>) {
        let mut keys: Vec<Key> = vec![
            keys::partition(partition).into(),
            keys::rooms(partition).into(),
            keys::due(partition).into(),
        ];
        let mut args = vec![
            number(self.retention.max_messages),
            number(NUMBERS_PER_CALL),
        ];
        for room in rooms {
            keys.push(keys::head(room).into());
            keys.push(keys::log(room).into());
            keys.push(keys::hidden(room).into());
            keys.push(keys::online(room).into());
            keys.push(keys::members(room).into());
            keys.push(keys::rules(room).into());
            keys.push(keys::wrote(room).into());
            keys.push(keys::invites(room).into());
            keys.push(keys::reactors(room).into());
            args.push(text(room.as_str()));
            args.push(number(self.retention.keep_ms(room)));
        }
        (keys, args)
    }
}

/// What is due in which partition.
async fn due(connection: &Connection) -> Result<Vec<(Partition, Vec<String>)>, StoreError> {
    let mut all = Vec::new();
    for partitions in connection
        .grouping()
        .split(Partition::all(), |&partition| partition)
    {
        let keys = partitions
            .iter()
            .map(|&(_, partition)| keys::due(partition).into());
        let args = vec![text(ROOMS_AT_ONCE.to_string())];
        let answer = connection.call(Script::Due, keys.collect(), args).await?;
        let mut answer = Answer::new("what is due", answer)?;
        for (_, partition) in partitions {
            let rooms = (0..answer.number()?).map(|_| answer.text());
            let rooms = rooms.collect::<Result<Vec<_>, _>>()?;
            if !rooms.is_empty() {
                all.push((partition, rooms));
            }
        }
    }
    Ok(all)
}

async fn grow_older(connection: &Connection) -> Result<(), StoreError> {
    for partitions in all_keys(connection.grouping(), keys::partition) {
        let args = vec![number(MOST_AT_ONCE_MS)];
        connection.call(Script::GrowOlder, partitions, args).await?;
    }
    Ok(())
}

/// A key of each partition, as they may travel.
pub(super) fn all_keys(grouping: Grouping, key: fn(Partition) -> String) -> Vec<Vec<Key>> {
    grouping
        .split(Partition::all(), |&partition| partition)
        .into_iter()
        .map(|group| {
            group
                .into_iter()
                .map(|(_, partition)| key(partition).into())
                .collect()
        })
        .collect()
}
