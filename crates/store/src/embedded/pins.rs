//! Pins: messages of a room that are held up to everybody.
//!
//! The same rules as `pin.lua`.

use rookery_protocol::{Event, Role, UserId, server_frame::RoomKind, tail};

use super::{clock::Now, room::StoredRoom};
use crate::{Appended, Denied, Pin, Retention, StoreError};

impl StoredRoom {
    /// See [`crate::Store::pin`].
    pub(super) fn pin(
        &mut self,
        pin: &Pin,
        retention: &Retention,
        now: Now,
    ) -> Result<Option<Appended>, StoreError> {
        let wall = now.wall.max(self.last_write);
        self.forget_old(Now { wall, ..now });
        let denied = |denied| StoreError::Denied {
            room: pin.room.clone(),
            denied,
        };
        self.may_pin(&pin.by.id, wall).map_err(denied)?;
        let fields = self.message(pin.target)?;
        if tail::is_pinned(&fields) == pin.on {
            return Ok(None);
        }
        let pins = &mut self.reactions.pins;
        match pin.on {
            true if pins.len() as u64 >= pin.most => return Err(denied(Denied::TooManyPins)),
            true => pins.push(pin.target),
            false => pins.retain(|other| *other != pin.target),
        }
        if let Some(journal) = &mut self.journal {
            self.reactions.put_pins(journal);
        }
        self.put_fields(pin.target, tail::with_pin(&fields, pin.on));
        let told = self.tell_body(&pin.room, &pin.by.id, pin.body(), retention, now);
        self.flush();
        Ok(Some(told))
    }

    fn may_pin(&mut self, user: &UserId, now: u64) -> Result<(), Denied> {
        self.people.may_read(self.kind, user, now)?;
        self.may_react(user, now)?;
        let least = match self.kind {
            RoomKind::Direct => Role::Member,
            _ => Role::Admin,
        };
        match self.people.role(user) {
            Some(role) if role >= least => Ok(()),
            _ => Err(Denied::Role),
        }
    }

    /// The messages that are pinned.
    pub(super) fn pinned(&self) -> Vec<Event> {
        let pins = self.reactions.pins.iter();
        let places = pins.map(|seq| self.log.binary_search_by_key(seq, |it| it.event.seq));
        let stored = places.filter_map(|place| self.log.get(place.ok()?));
        stored.map(|stored| stored.event.clone()).collect()
    }
}
