//! Who sits where: rooms and the seats in them. Nothing is connected by it.

use super::{
    Engine, MembershipId, RoomIndex, SeatId, TargetIndex,
    log::Log,
    order,
    seat::{Membership, Room, Seat},
};

impl Engine {
    /// Adds a room.
    pub(crate) fn add_room(&mut self) -> RoomIndex {
        let index = RoomIndex(self.rooms.len() as u32);
        self.rooms.push(Room {
            name: format!("{}-{}", self.settings.run, index.0),
            epochs: Vec::new(),
            members: Vec::new(),
            audience: 0,
            by_sender: None,
            ordered_for: 0,
            log: self.audits.then(Log::default),
        });
        index
    }

    /// Has rooms that are added from here on compare what their members see.
    pub(crate) fn audit_logs(&mut self) {
        self.audits = true;
    }

    /// Adds a seat that may come and go at any time: it is owed nothing.
    pub(crate) fn add_visitor(&mut self, target: TargetIndex, rooms: &[RoomIndex]) -> SeatId {
        let id = self.add_seat(target, rooms);
        self.seats[id.0 as usize].visitor = true;
        id
    }

    /// Adds seats in new rooms of so many members, the members of each spread over
    /// all targets.
    pub(crate) fn add_seats(&mut self, seats: usize, members: usize) {
        for index in 0..seats {
            let room = match self.rooms.len() {
                rooms if index % members != 0 => RoomIndex(rooms as u32 - 1),
                _ => self.add_room(),
            };
            // Parts of one run do not all begin with the same target.
            let target = self.target_of(index + usize::from(self.settings.part));
            self.add_seat(target, &[room]);
        }
    }

    /// Adds a seat in these rooms. It is connected by [`Engine::connect`].
    pub(crate) fn add_seat(&mut self, target: TargetIndex, rooms: &[RoomIndex]) -> SeatId {
        let id = SeatId(self.seats.len() as u32);
        let first = self.memberships.len() as u32;
        for &room in rooms {
            let membership = MembershipId(self.memberships.len() as u32);
            let members = &mut self.rooms[room.0 as usize].members;
            self.memberships.push(Membership {
                seat: id,
                room,
                place: members.len() as u32,
                epoch: 0,
                events: order::Numbered::default(),
                since: None,
                unanswered: 0,
            });
            members.push(membership);
        }
        self.seats
            .push(Seat::new(target, first, rooms.len() as u16));
        id
    }
}
