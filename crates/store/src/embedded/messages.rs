//! What is asked about what is put beside messages: reactions and pins.

use rookery_protocol::{Cursor, Emoji, Event, EventKind, RoomId, UserId};

use super::{Embedded, Shared, clock::Now, disk::BatchNumber, envelope, room::StoredRoom};
use crate::{
    Appended, BusEvent, Pin, React, Reacted, Reactors, ReactorsAsked, Retention, StoreError,
};

impl Embedded {
    /// See [`crate::Store::react`].
    pub(crate) async fn react(&self, react: &React) -> Result<Reacted, StoreError> {
        let change = |room: &mut StoredRoom, retention: &Retention, now| {
            let reacted = room.react(react, retention, now)?;
            let told = match &reacted {
                Reacted::Done { told, .. } => told.clone(),
                Reacted::Wait(_) => None,
            };
            Ok((reacted, told))
        };
        let kind = EventKind::Reacted;
        let (reacted, batch) =
            self.change_message(&react.room, react.known.as_ref(), kind, change)?;
        self.kept(batch).await?;
        Ok(reacted)
    }

    /// See [`crate::Store::pin`].
    pub(crate) async fn pin(&self, pin: &Pin) -> Result<Option<Appended>, StoreError> {
        let change = |room: &mut StoredRoom, retention: &Retention, now| {
            let told = room.pin(pin, retention, now)?;
            Ok((told.clone(), told))
        };
        let (told, batch) =
            self.change_message(&pin.room, pin.known.as_ref(), EventKind::Pinned, change)?;
        self.kept(batch).await?;
        Ok(told)
    }

    fn change_message<T>(
        &self,
        id: &RoomId,
        known: Option<&Cursor>,
        kind: EventKind,
        change: impl FnOnce(
            &mut StoredRoom,
            &Retention,
            Now,
        ) -> Result<(T, Option<Appended>), StoreError>,
    ) -> Result<(T, BatchNumber), StoreError> {
        let shared = &*self.shared;
        let _step = shared.step();
        shared.trouble()?;
        let mut room = shared.enter(id, known, None)?;
        let now = Now::read();
        let (answer, told) = change(&mut room, &shared.retention, now)?;
        if let Some(told) = told {
            shared.feeds.grew(id, told.seq, now.wall);
            // While the room is held, so that the bus has the order of the log.
            shared.publish_told(id, kind, &told);
        }
        shared.agenda.enter(id, &mut room, now);
        Ok((answer, room.batch()))
    }

    /// See [`crate::Store::reactors`].
    pub(crate) fn reactors(&self, asked: &ReactorsAsked) -> Result<Reactors, StoreError> {
        let _step = self.shared.step();
        let mut room = self.shared.existing(&asked.room)?;
        may_read(&room, &asked.reader)?;
        room.forget_old(Now::read());
        room.reactors(asked)
    }

    /// See [`crate::Store::own_reactions`].
    pub(crate) fn own_reactions(
        &self,
        room: &RoomId,
        user: &UserId,
        asked: &[(u64, Emoji)],
    ) -> Result<Vec<bool>, StoreError> {
        let _step = self.shared.step();
        match self.shared.existing(room) {
            Ok(room) => Ok(room.own_reactions(user, asked)),
            Err(StoreError::NoSuchRoom(_)) => Ok(vec![false; asked.len()]),
            Err(error) => Err(error),
        }
    }

    /// See [`crate::Store::pinned`].
    pub(crate) async fn pinned(
        &self,
        id: &RoomId,
        reader: &UserId,
    ) -> Result<Vec<Event>, StoreError> {
        let (pinned, batch) = {
            let _step = self.shared.step();
            let mut room = self.shared.existing(id)?;
            may_read(&room, reader)?;
            room.forget_old(Now::read());
            (room.pinned(), room.batch())
        };
        self.kept(batch).await?;
        Ok(pinned)
    }
}

fn may_read(room: &StoredRoom, reader: &UserId) -> Result<(), StoreError> {
    let may = room.people.may_read(room.kind, reader, Now::read().wall);
    may.map_err(|denied| StoreError::Denied {
        room: room.id.clone(),
        denied,
    })
}

impl Shared {
    fn publish_told(&self, room: &RoomId, kind: EventKind, told: &Appended) {
        let line =
            told.event.as_ref().filter(|_| self.echo).and_then(|event| {
                envelope::durable(&self.server_id, room, &told.epoch, kind, event)
            });
        if let Some(line) = line {
            self.feed.send(BusEvent::Payload(line.into()));
        }
    }
}
