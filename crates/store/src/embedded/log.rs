//! What is asked of a room's log: appending, joining, reading.

use std::{
    future::ready,
    sync::{Arc, atomic::Ordering},
};

use futures_util::{FutureExt as _, future::Either};
use rookery_protocol::{Cursor, RoomId, UserId, client_frame::HistoryPage};

use super::{Embedded, Shared, clock::Now, disk::BatchNumber, envelope, room::StoredRoom};
use crate::{Append, Appended, BusEvent, History, Join, Joined, Range, StoreError};

impl Embedded {
    /// Takes its place at once, whenever the future is polled.
    pub(crate) fn append(
        &self,
        append: Append,
    ) -> impl Future<Output = Result<Appended, StoreError>> + Send + 'static + use<> {
        let (appended, batch) = match self.append_now(append) {
            Ok(appended) => appended,
            Err(error) => return Either::Left(ready(Err(error))),
        };
        match &self.shared.disk {
            Some(disk) if disk.answers_wait() => {
                let disk = Arc::clone(disk);
                let waiting = async move {
                    disk.until_written(batch).await?;
                    Ok(appended)
                };
                Either::Right(waiting.boxed())
            }
            _ => Either::Left(ready(Ok(appended))),
        }
    }

    pub(super) fn append_now(&self, append: Append) -> Result<(Appended, BatchNumber), StoreError> {
        let shared = &*self.shared;
        let _step = shared.step();
        if std::str::from_utf8(&append.body.fields).is_err() {
            return Err(StoreError::Broken("an event must be UTF-8".to_owned()));
        }
        shared.trouble()?;
        let mut room = shared.enter(&append.room, append.known.as_ref(), None)?;
        let now = Now::read();
        let appended = room.append(&append, &shared.retention, now)?;
        if appended.event.is_some() {
            shared.feeds.grew(&append.room, appended.seq, now.wall);
        }
        shared.agenda.enter(&append.room, &mut room, now);
        shared.appends.fetch_add(1, Ordering::Relaxed);
        if shared.echo {
            // While the room is held, so that the bus has the order of the log.
            shared.publish(&append, &appended);
        }
        Ok((appended, room.batch()))
    }

    pub(crate) async fn join(&self, join: &Join) -> Result<Joined, StoreError> {
        let (joined, batch) = self.join_now(join)?;
        self.kept(batch).await?;
        Ok(joined)
    }

    pub(super) fn join_now(&self, join: &Join) -> Result<(Joined, BatchNumber), StoreError> {
        let shared = &*self.shared;
        let _step = shared.step();
        // To come back to what was deleted is not to want it made.
        if join.since.is_some() && shared.deleted.has(&join.room) {
            return Err(StoreError::NoSuchRoom(join.room.clone()));
        }
        let maker = join.create.then_some(&join.user);
        let mut room = shared.enter(&join.room, join.known.as_ref(), maker)?;
        let now = Now::read();
        let joined = room.join(join, now);
        shared.agenda.enter(&join.room, &mut room, now);
        Ok((joined, room.batch()))
    }

    pub(crate) async fn events_after(
        &self,
        room: &RoomId,
        after: &Cursor,
        limit: usize,
    ) -> Result<Range, StoreError> {
        let read = |room: &mut StoredRoom, now| room.events_after(after, limit, now);
        self.read(room, read).await
    }

    pub(crate) async fn history(
        &self,
        room: &RoomId,
        reader: Option<&UserId>,
        page: HistoryPage,
        limit: u32,
    ) -> Result<History, StoreError> {
        let read = |room: &mut StoredRoom, now: Now| {
            let may = reader.map_or(Ok(()), |it| room.people.may_read(room.kind, it, now.wall));
            may.map(|()| room.history(page, limit, now))
        };
        let read = self.read(room, read).await?;
        read.map_err(|denied| StoreError::Denied {
            room: room.clone(),
            denied,
        })
    }

    async fn read<T>(
        &self,
        id: &RoomId,
        read: impl FnOnce(&mut StoredRoom, Now) -> T,
    ) -> Result<T, StoreError> {
        let (answer, batch) = self.read_now(id, read)?;
        self.kept(batch).await?;
        Ok(answer)
    }

    fn read_now<T>(
        &self,
        id: &RoomId,
        read: impl FnOnce(&mut StoredRoom, Now) -> T,
    ) -> Result<(T, BatchNumber), StoreError> {
        let _step = self.shared.step();
        let mut room = self.shared.existing(id)?;
        Ok((read(&mut room, Now::read()), room.batch()))
    }

    pub(crate) async fn count_messages(
        &self,
        room: &RoomId,
        after: u64,
        up_to: u64,
    ) -> Result<u64, StoreError> {
        let read = |room: &mut StoredRoom, now| room.count_messages(after, up_to, now);
        self.read(room, read).await
    }

    pub(crate) async fn heads(&self, rooms: &[RoomId]) -> Result<Vec<Option<Cursor>>, StoreError> {
        let mut heads = Vec::with_capacity(rooms.len());
        let mut last = BatchNumber::default();
        for id in rooms {
            match self.read_now(id, |room, _| room.head()) {
                Ok((head, batch)) => {
                    heads.push(Some(head));
                    last = last.max(batch);
                }
                Err(StoreError::NoSuchRoom(_)) => heads.push(None),
                Err(error) => return Err(error),
            }
        }
        self.kept(last).await?;
        Ok(heads)
    }

    pub(crate) async fn confirm(
        &self,
        known: &[(RoomId, Cursor)],
    ) -> Result<Vec<Option<Cursor>>, StoreError> {
        let mut last = BatchNumber::default();
        let confirm = |(id, known): &(RoomId, Cursor)| {
            let _step = self.shared.step();
            let now = Now::read();
            let mut room = self.shared.enter(id, Some(known), None).ok()?;
            room.visit(now);
            self.shared.agenda.enter(id, &mut room, now);
            last = last.max(room.batch());
            Some(room.head())
        };
        let heads = known.iter().map(confirm).collect();
        self.kept(last).await?;
        Ok(heads)
    }
}

impl Shared {
    pub(super) fn publish(&self, append: &Append, appended: &Appended) {
        let line = appended.event.as_ref().and_then(|event| {
            envelope::durable(
                &self.server_id,
                &append.room,
                &appended.epoch,
                append.body.kind,
                event,
            )
        });
        if let Some(line) = line {
            self.feed.send(BusEvent::Payload(line.into()));
        }
    }
}
