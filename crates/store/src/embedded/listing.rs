//! What is asked of all rooms: which there are, what happened in them, and their end.

use rookery_protocol::{Role, RoomId, UserId};

use super::{Embedded, Shared, clock::Now};
use crate::{Feed, FeedCursor, Grown, Partition, RoomFigures, StoreError};

impl Embedded {
    pub(crate) fn feed(
        &self,
        partition: Partition,
        after: &FeedCursor,
        limit: usize,
    ) -> Result<Feed, StoreError> {
        let _step = self.shared.step();
        match self.shared.feeds.after(partition, after, limit) {
            Ok(feed) => Ok(feed),
            Err(next) => Ok(Feed {
                grown: self.shared.grown_since(partition, after.0.0)?,
                next,
            }),
        }
    }

    pub(crate) fn rooms_in(
        &self,
        partition: Partition,
        skip: usize,
        limit: usize,
    ) -> Result<Vec<RoomId>, StoreError> {
        let _step = self.shared.step();
        let rooms = self.shared.rooms_of(partition)?;
        Ok(rooms.into_iter().skip(skip).take(limit).collect())
    }

    pub(crate) fn room_figures(&self, id: &RoomId) -> Result<Option<RoomFigures>, StoreError> {
        let _step = self.shared.step();
        let online = self.shared.presence.online(id).count;
        match self.shared.rooms.get_mut(id) {
            Some(mut room) => Ok(Some(room.figures(online, Now::read()))),
            None => self.shared.figures_of_kept(id, online),
        }
    }

    pub(crate) async fn remove_room(
        &self,
        id: &RoomId,
        by: Option<(&UserId, Role)>,
    ) -> Result<bool, StoreError> {
        let removed = {
            let _step = self.shared.step();
            self.shared.trouble()?;
            self.shared.remove(id, by)?
        };
        self.kept(removed.unwrap_or_default()).await?;
        Ok(removed.is_some())
    }
}

impl Shared {
    /// The rooms of a partition in which something happened since a time, in milliseconds
    /// since the Unix epoch, each with everything that is still there.
    fn grown_since(&self, partition: Partition, since: u64) -> Result<Vec<Grown>, StoreError> {
        let mut all = Vec::new();
        for id in self.rooms_of(partition)? {
            let in_memory = self.rooms.get(&id);
            let in_memory =
                in_memory.map(|room| (room.last_write(), room.first(), room.head().seq));
            let found = match in_memory {
                Some(found) => Some(found),
                None => self
                    .glance(&id)?
                    .map(|it| (it.head.last_write, it.first, it.head.seq)),
            };
            if let Some((last_write, Some(first), last)) = found
                && last_write >= since
            {
                all.push(Grown {
                    room: id,
                    first,
                    last,
                });
            }
        }
        Ok(all)
    }
}
