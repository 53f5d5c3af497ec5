//! The rooms that a connection is in or coming into.
//!
//! Frames count in their order: a `leave` takes the seat at once, also from a
//! `join` that is still waiting for the store, and a `join` behind it takes
//! another one. Each seat that is being taken has a number; what comes back from
//! the store acts on the seat that it began with, or on none.

use std::rc::Rc;

use rookery_protocol::{ErrorCode, RoomId};

use super::Refusal;
use crate::{socket::Connection, worker::Worker};

/// How far a connection is with a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RoomSeat {
    /// The `join` with this number is being carried out.
    Joining(SeatNumber),
    /// The room's events come here.
    Joined,
}

/// Tells one taking of a seat from another of the same connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SeatNumber(pub(crate) u32);

/// A seat that a `join` has taken and not confirmed yet. It is given up when
/// this is dropped.
pub(super) struct TakenSeat {
    connection: Rc<Connection>,
    room: RoomId,
    number: SeatNumber,
}

impl TakenSeat {
    /// Whether the join still counts: not once the client left or is gone.
    pub(super) fn is_wanted(&self) -> bool {
        let rooms = self.connection.rooms.borrow();
        let mut seats = rooms.iter();
        self.connection.ending().is_none() && seats.any(|seat| self.is_this(seat))
    }

    /// The room's events come here from now on.
    pub(super) fn confirm(&self) {
        let mut rooms = self.connection.rooms.borrow_mut();
        if let Some((_, seat)) = rooms.iter_mut().find(|seat| self.is_this(seat)) {
            *seat = RoomSeat::Joined;
        }
        let joined = &self.connection.counts.rooms_joined;
        joined.set(joined.get().saturating_add(1));
    }

    fn is_this(&self, (room, seat): &(RoomId, RoomSeat)) -> bool {
        *seat == RoomSeat::Joining(self.number) && *room == self.room
    }
}

impl Drop for TakenSeat {
    fn drop(&mut self) {
        let mut rooms = self.connection.rooms.borrow_mut();
        rooms.retain(|seat| !self.is_this(seat));
    }
}

impl Connection {
    /// Takes a seat for a `join`, if the connection may come into the room.
    pub(super) fn take_seat(
        self: &Rc<Self>,
        room: &RoomId,
        worker: &Worker,
    ) -> Result<TakenSeat, Refusal> {
        let mut rooms = self.rooms.borrow_mut();
        if rooms.iter().any(|(other, _)| other == room) {
            let message =
                format!("this connection is in {room} already; leave it first to join anew");
            return Err(Refusal::new(ErrorCode::Conflict, message));
        }
        let most = worker.hub.settings.limits.rooms_per_connection;
        if most != 0 && rooms.len() >= most {
            let message = format!(
                "one connection may be in {most} rooms (limits.rooms_per_connection); leave one first"
            );
            return Err(Refusal::new(ErrorCode::Conflict, message));
        }
        let number = worker.next_seat();
        rooms.push((room.clone(), RoomSeat::Joining(number)));
        Ok(TakenSeat {
            connection: Rc::clone(self),
            room: room.clone(),
            number,
        })
    }

    /// Gives up the seat in a room, and says which it was. A `join` that is being
    /// carried out finds it gone.
    pub(super) fn leave_seat(&self, room: &RoomId) -> Option<RoomSeat> {
        let mut rooms = self.rooms.borrow_mut();
        let at = rooms.iter().position(|(other, _)| other == room)?;
        Some(rooms.swap_remove(at).1)
    }

    /// Whether the room's events come here.
    pub(super) fn has_joined(&self, room: &RoomId) -> bool {
        let rooms = self.rooms.borrow();
        let mut seats = rooms.iter();
        seats.any(|(other, seat)| other == room && *seat == RoomSeat::Joined)
    }
}
