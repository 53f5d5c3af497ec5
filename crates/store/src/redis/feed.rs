//! What happened in the rooms of a partition, for those who come later.
//!
//! A stream says which rooms grew to which number, and only its latest entries are
//! kept. A reader who comes after the others are gone finds its way by the list of rooms,
//! whose heads say when something happened there last.

use fred::types::Value;
use rookery_protocol::RoomId;

use super::{Redis, append_call::text, connection::Connection, failure, heads, keys};
use crate::{Feed, FeedCursor, Grown, Partition, StoreError, model::FeedPlace};

const WHAT: &str = "a feed";
/// Clocks of messages and of the stream may differ by what a clock was set back: about so
/// much is read again.
const MINUTE_MS: u64 = 60_000;

/// An entry of the stream.
type StreamEntry = (String, Vec<(String, String)>);

impl Redis {
    /// See [`crate::Store::feed`].
    pub(crate) async fn feed(
        &self,
        partition: Partition,
        after: &FeedCursor,
        limit: usize,
    ) -> Result<Feed, StoreError> {
        let connection = self.link.current()?;
        if let Some(lost) = lost_up_to(&connection, partition).await?
            && after.0 < lost
        {
            return self.by_rooms(&connection, partition, after, lost).await;
        }
        let args = vec![
            text(keys::feed(partition)),
            text(format!("({after}")),
            text("+"),
            text("COUNT"),
            text(limit.to_string()),
        ];
        let entries: Vec<StreamEntry> = connection.command("XRANGE", args).await?;
        let mut feed = Feed {
            grown: Vec::new(),
            next: after.clone(),
        };
        for (id, rooms) in entries {
            for (room, numbers) in rooms {
                let grown = grown(&room, &numbers).ok_or_else(|| failure::nonsense(WHAT))?;
                feed.grown.push(grown);
            }
            feed.next = id.parse().map_err(|_| failure::nonsense(WHAT))?;
        }
        Ok(feed)
    }

    /// All rooms in which something may have happened after a place: each with
    /// everything that is still there.
    async fn by_rooms(
        &self,
        connection: &Connection,
        partition: Partition,
        after: &FeedCursor,
        lost: FeedPlace,
    ) -> Result<Feed, StoreError> {
        let args = vec![text(keys::rooms(partition)), text("0"), text("-1")];
        let rooms: Vec<String> = connection.command("ZRANGE", args).await?;
        let rooms = rooms.into_iter();
        let rooms: Vec<RoomId> = rooms.filter_map(|room| RoomId::new(room).ok()).collect();
        let states = heads::read(&self.link, &rooms).await?;
        let grown = rooms.into_iter().zip(states).filter_map(|(room, state)| {
            let state = state?;
            let recent = state.ts.saturating_add(MINUTE_MS) >= after.0.0;
            (recent && state.head.seq > state.floor).then_some(Grown {
                room,
                first: state.floor + 1,
                last: state.head.seq,
            })
        });
        Ok(Feed {
            grown: grown.collect(),
            next: FeedCursor(lost),
        })
    }
}

/// Up to where the entries of a stream are gone; nothing where none ever were.
async fn lost_up_to(
    connection: &Connection,
    partition: Partition,
) -> Result<Option<FeedPlace>, StoreError> {
    let args = vec![text("STREAM"), text(keys::feed(partition))];
    let facts = match connection.command::<Value>("XINFO", args).await {
        Ok(facts) => facts.into_array(),
        // There is no stream yet.
        Err(StoreError::Broken(words)) if words.contains("no such key") => return Ok(None),
        Err(error) => return Err(error),
    };
    let deleted = facts
        .chunks(2)
        .find(|fact| fact[0].as_str().as_deref() == Some("max-deleted-entry-id"))
        .and_then(|fact| fact.get(1)?.as_str()?.parse::<FeedCursor>().ok())
        .ok_or_else(|| failure::nonsense(WHAT))?;
    Ok((deleted.0 > (0, 0)).then_some(deleted.0))
}

/// Reads `last` or `first-last`.
fn grown(room: &str, numbers: &str) -> Option<Grown> {
    let (first, last) = numbers.split_once('-').unwrap_or((numbers, numbers));
    Some(Grown {
        room: RoomId::new(room).ok()?,
        first: first.parse().ok()?,
        last: last.parse().ok()?,
    })
}
