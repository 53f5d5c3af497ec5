//! What happened in the rooms of a partition, for those who come later: the latest of
//! it. Who comes after the rest is gone finds their way by the rooms themselves.

use std::collections::VecDeque;

use parking_lot::Mutex;
use rookery_protocol::RoomId;

use crate::{Feed, FeedCursor, Grown, Partition, model::FeedPlace};

/// How many entries a partition remembers: few, so that they stay in the processor's
/// caches, since every append writes one and hardly anybody reads them.
const ENTRIES: usize = 64;

/// The feeds of all partitions.
#[derive(Debug)]
pub(super) struct Feeds(Vec<Mutex<OfPartition>>);

#[derive(Debug, Default)]
struct OfPartition {
    entries: VecDeque<(FeedPlace, Grown)>,
    last: FeedPlace,
    /// The place of the last entry that is gone.
    lost: Option<FeedPlace>,
}

impl Default for Feeds {
    fn default() -> Self {
        Self(Partition::all().map(|_| Mutex::default()).collect())
    }
}

impl Feeds {
    /// Of rooms in which things have happened before this moment, of which nothing is
    /// remembered here.
    pub(super) fn going_on(now: u64) -> Self {
        let feed = || OfPartition {
            last: (now, 0),
            lost: Some((now, 0)),
            ..OfPartition::default()
        };
        Self(Partition::all().map(|_| Mutex::new(feed())).collect())
    }

    /// A room has grown to this number. To be called while the room is held.
    pub(super) fn grew(&self, room: &RoomId, seq: u64, now: u64) {
        let mut feed = self.0[usize::from(Partition::of_room(room).number())].lock();
        let (time, number) = feed.last;
        // The system's clock may be set back.
        feed.last = match now > time {
            true => (now, 0),
            false => (time, number + 1),
        };
        if feed.entries.len() == ENTRIES {
            feed.lost = feed.entries.pop_front().map(|(place, _)| place);
        }
        let grown = Grown {
            room: room.clone(),
            first: seq,
            last: seq,
        };
        let entry = (feed.last, grown);
        feed.entries.push_back(entry);
    }

    /// What happened after a place; or else, where not all of it is remembered, from where it is.
    pub(super) fn after(
        &self,
        partition: Partition,
        after: &FeedCursor,
        limit: usize,
    ) -> Result<Feed, FeedCursor> {
        let feed = self.0[usize::from(partition.number())].lock();
        if let Some(lost) = feed.lost.filter(|lost| after.0 < *lost) {
            return Err(FeedCursor(lost));
        }
        let start = feed.entries.partition_point(|(place, _)| *place <= after.0);
        let entries = feed.entries.range(start..).take(limit);
        let next = entries
            .clone()
            .next_back()
            .map_or(after.0, |(place, _)| *place);
        Ok(Feed {
            grown: entries.map(|(_, grown)| grown.clone()).collect(),
            next: FeedCursor(next),
        })
    }
}
