//! How a call comes by the room that it is for: from memory, from the disk, or made.

use dashmap::{Entry, mapref::one::RefMut};
use rookery_protocol::{Cursor, RoomId, UserId, server_frame::RoomKind};

use super::{
    Shared,
    clock::{self, Now},
    room::StoredRoom,
};
use crate::{StoreError, UserLimits};

/// A room in memory; nobody else has it as long as this is held.
pub(super) type HeldRoom<'a> = RefMut<'a, RoomId, Box<StoredRoom>>;

impl Shared {
    /// Why nothing is to be written for now, if so.
    pub(super) fn trouble(&self) -> Result<(), StoreError> {
        self.disk.as_ref().map_or(Ok(()), |disk| disk.trouble())
    }

    /// Whether a user may make a room; if so, it is counted.
    fn make(&self, id: &RoomId, maker: &UserId) -> Result<(), StoreError> {
        let UserLimits {
            rooms,
            rooms_made_per_hour: per_hour,
            ..
        } = self.user_limits;
        if !self.memberships.may_remember(maker, id, rooms)? {
            return Err(self.too_many_rooms(maker));
        }
        let noted = self.made.note(maker, per_hour, clock::now_ms())?;
        noted.map_err(|retry_after_ms| StoreError::TooManyRoomsMade {
            user: maker.clone(),
            per_hour,
            retry_after_ms,
        })
    }

    /// The room as it is to be written to or joined: made where somebody may make
    /// it or it was known to be there, and with a new epoch where its log ends
    /// before what is known.
    pub(super) fn enter(
        &self,
        id: &RoomId,
        known: Option<&Cursor>,
        maker: Option<&UserId>,
    ) -> Result<HeldRoom<'_>, StoreError> {
        let mut room = match self.rooms.entry(id.clone()) {
            Entry::Occupied(room) => room.into_ref(),
            Entry::Vacant(vacant) => match self.read_room(id)? {
                Some(room) => vacant.insert(self.entered(room)),
                None => {
                    // Whoever knows of it says that it was there; but not who deleted it.
                    let known = known.filter(|_| !self.deleted.has(id));
                    match (maker, known) {
                        (_, Some(_)) => self.trouble()?,
                        (Some(maker), None) => {
                            self.trouble()?;
                            self.make(id, maker)?;
                        }
                        (None, None) => return Err(StoreError::NoSuchRoom(id.clone())),
                    }
                    self.deleted.forget(id);
                    return Ok(vacant.insert(self.entered(self.new_room(id, known))));
                }
            },
        };
        if let Some(known) = known {
            room.heal_rollback(known);
        }
        self.note_use(&mut room);
        Ok(room)
    }

    /// A room that nobody has made, made now.
    ///
    /// # Errors
    ///
    /// [`StoreError::RoomExists`], and where its maker may not.
    pub(super) fn make_anew(
        &self,
        id: &RoomId,
        kind: RoomKind,
        name: &str,
        maker: &UserId,
    ) -> Result<HeldRoom<'_>, StoreError> {
        let Entry::Vacant(vacant) = self.rooms.entry(id.clone()) else {
            return Err(StoreError::RoomExists(id.clone()));
        };
        if let Some(room) = self.read_room(id)? {
            vacant.insert(self.entered(room));
            return Err(StoreError::RoomExists(id.clone()));
        }
        self.make(id, maker)?;
        self.deleted.forget(id);
        let mut room = self.new_room(id, None);
        room.kind = kind;
        if !name.is_empty() {
            name.clone_into(&mut room.name);
        }
        room.put_head();
        room.flush();
        Ok(vacant.insert(self.entered(room)))
    }

    /// The room as it is to be read.
    pub(super) fn existing(&self, id: &RoomId) -> Result<HeldRoom<'_>, StoreError> {
        if self.disk.is_some() {
            return self.enter(id, None, None);
        }
        let room = self.rooms.get_mut(id);
        room.ok_or_else(|| StoreError::NoSuchRoom(id.clone()))
    }

    fn new_room(&self, id: &RoomId, known: Option<&Cursor>) -> StoredRoom {
        let now = Now::read();
        let nonces = self.no_nonces();
        let room = StoredRoom::new(id.clone(), known, &self.retention, now.wall, nonces);
        match &self.disk {
            Some(disk) => {
                let mut room = room.kept(disk);
                room.note_use(now);
                room
            }
            None => room,
        }
    }

    /// A room as it stands in memory.
    fn entered(&self, mut room: StoredRoom) -> Box<StoredRoom> {
        room.entered = Some(self.in_order.enter(&room.id));
        Box::new(room)
    }

    fn note_use(&self, room: &mut StoredRoom) {
        if self.disk.is_some() {
            room.note_use(Now::read());
        }
    }
}
