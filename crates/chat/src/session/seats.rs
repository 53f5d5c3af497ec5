//! The rooms that a session is in or coming into.
//!
//! Commands of a session count in their order: a `leave` takes the seat at once, also
//! from a `join` that is still waiting for the store, and a `join` behind it takes
//! another one. Each seat that is being taken has a number; what comes back from
//! the store acts on the seat that it began with, or on none.

use std::rc::Rc;

use rookery_protocol::{ErrorCode, RoomId};

use super::Session;
use crate::refusal::Refusal;

/// How far a session is with a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seat {
    /// The `join` with this number is being carried out.
    Joining(SeatNumber),
    /// The room's events come here; the `join` with this number was it.
    Joined(SeatNumber),
}

/// Tells one taking of a seat from another of the same session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeatNumber(u16);

/// A seat that a `join` has taken and not confirmed yet. It is given up when
/// this is dropped.
pub(crate) struct PendingSeat {
    session: Rc<Session>,
    room: RoomId,
    number: SeatNumber,
}

impl PendingSeat {
    /// Whether the join still counts: not once the client left or is gone.
    pub(crate) fn is_wanted(&self) -> bool {
        let seats = self.session.seats.borrow();
        let mut seats = seats.iter();
        !self.session.ended.get() && seats.any(|seat| self.is_this(seat))
    }

    /// The room's events come here from now on.
    pub(crate) fn confirm(&self) {
        let mut seats = self.session.seats.borrow_mut();
        if let Some((_, seat)) = seats.iter_mut().find(|seat| self.is_this(seat)) {
            *seat = Seat::Joined(self.number);
        }
    }

    fn is_this(&self, (room, seat): &(RoomId, Seat)) -> bool {
        *seat == Seat::Joining(self.number) && *room == self.room
    }
}

impl Drop for PendingSeat {
    fn drop(&mut self) {
        let mut seats = self.session.seats.borrow_mut();
        seats.retain(|seat| !self.is_this(seat));
    }
}

impl Session {
    /// Takes a seat for a `join`, if the session may come into the room.
    pub(crate) fn take_seat(self: &Rc<Self>, room: &RoomId) -> Result<PendingSeat, Refusal> {
        let mut seats = self.seats.borrow_mut();
        if seats.iter().any(|(other, _)| other == room) {
            let message =
                format!("this connection is in {room} already; leave it first to join anew");
            return Err(Refusal::new(ErrorCode::Conflict, message));
        }
        let most = self.chat.settings.limits.rooms_per_connection;
        if most != 0 && seats.len() >= most {
            let message = format!(
                "one connection may be in {most} rooms (limits.rooms_per_connection); leave one first"
            );
            return Err(Refusal::new(ErrorCode::Conflict, message));
        }
        let number = self.seats_taken.get().wrapping_add(1);
        self.seats_taken.set(number);
        let number = SeatNumber(number);
        seats.push((room.clone(), Seat::Joining(number)));
        Ok(PendingSeat {
            session: Rc::clone(self),
            room: room.clone(),
            number,
        })
    }

    /// Gives up the seat in a room, and says which it was. A `join` that is being
    /// carried out finds it gone.
    pub(crate) fn give_up_seat(&self, room: &RoomId) -> Option<Seat> {
        let mut seats = self.seats.borrow_mut();
        let at = seats.iter().position(|(other, _)| other == room)?;
        Some(seats.swap_remove(at).1)
    }

    /// Whether the room's events come here.
    pub fn has_joined(&self, room: &RoomId) -> bool {
        let seats = self.seats.borrow();
        let mut seats = seats.iter();
        seats.any(|(other, seat)| other == room && matches!(seat, Seat::Joined(_)))
    }
}
