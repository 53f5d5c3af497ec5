//! Writing: messages, answers, and what the kernel would not take at once.

use std::io::{self, Write};

use super::{
    Engine, MembershipId, MessageNumber, Nanos, RoomIndex, SeatId,
    frame::{self, Opcode},
    order::BySender,
    seat::Phase,
};

/// What may wait for a server that does not read.
const MOST_UNSENT: usize = 4 << 20;

impl Engine {
    /// Sends a message of `member` to its room. `intended` is when that was to
    /// happen: its latencies count from there. `None` where the member is not
    /// connected at the moment, or has stalled.
    pub(crate) fn send(&mut self, member: MembershipId, intended: Nanos) -> Option<MessageNumber> {
        let membership = &mut self.memberships[member.0 as usize];
        let seat = membership.seat;
        let sender = &self.seats[seat.0 as usize];
        if sender.phase != Phase::Joined || sender.stalled {
            return None;
        }
        let acknowledges = self.settings.wire.acknowledges();
        membership.unanswered += u32::from(acknowledges);
        let room = &mut self.rooms[membership.room.0 as usize];
        if !self.settings.wire.numbers() && room.ordered_for != room.members.len() {
            room.ordered_for = room.members.len();
            room.by_sender = BySender::new(room.members.len());
        }
        let number = self
            .ledger
            .issue(intended, member, room.audience, acknowledges);
        self.tally.sent += 1;
        if self.measured.contains(&number.0) {
            self.tally.measured_sent += 1;
            self.tally.measured_expected += u64::from(room.audience);
            let late = self.started.elapsed().as_nanos() as u64;
            self.tally
                .lateness
                .record(Nanos(late).micros_since(intended));
        }
        self.write_message(member, number);
        Some(number)
    }

    /// Takes note of a message that another engine is about to send to a room:
    /// what is owed to the members here is counted from now on. All engines of
    /// a run must take note of all messages, in one order.
    pub(crate) fn announce(&mut self, room: RoomIndex, intended: Nanos) -> MessageNumber {
        let audience = self.rooms[room.0 as usize].audience;
        let nobody = MembershipId(u32::MAX);
        let number = self.ledger.issue(intended, nobody, audience, false);
        if self.measured.contains(&number.0) {
            self.tally.measured_expected += u64::from(audience);
        }
        number
    }

    pub(super) fn write_message(&mut self, member: MembershipId, number: MessageNumber) {
        let membership = &self.memberships[member.0 as usize];
        let (seat, room) = (membership.seat, &self.rooms[membership.room.0 as usize]);
        let mut payload = std::mem::take(&mut self.payload);
        payload.clear();
        self.settings
            .wire
            .send(&mut payload, &room.name, number, self.settings.text_bytes);
        self.write_frame(seat, Opcode::Text, &payload);
        self.payload = payload;
    }

    /// Sends again what was not answered before the connection ended: the nonce
    /// makes that safe.
    pub(super) fn send_unanswered(&mut self, id: SeatId) {
        for index in self.seats[id.0 as usize].membership_range() {
            if self.memberships[index].unanswered == 0 {
                continue;
            }
            let member = MembershipId(index as u32);
            let unanswered: Vec<_> = self
                .ledger
                .lacking()
                .filter(|message| message.sender == member && !message.acknowledged)
                .map(|message| message.number)
                .collect();
            for number in unanswered {
                self.write_message(member, number);
            }
        }
    }

    /// Writes a frame to a connection.
    pub(super) fn write_frame(&mut self, id: SeatId, opcode: Opcode, payload: &[u8]) {
        let mut frame = std::mem::take(&mut self.frame);
        frame.clear();
        self.mask = self
            .mask
            .wrapping_mul(0x0019_660d)
            .wrapping_add(0x3c6e_f35f);
        frame::write(&mut frame, opcode, payload, self.mask.to_ne_bytes());
        self.write(id, &frame);
        self.frame = frame;
    }

    /// Writes bytes to a connection; what the kernel does not take waits.
    pub(super) fn write(&mut self, id: SeatId, bytes: &[u8]) {
        let seat = &mut self.seats[id.0 as usize];
        let Some(socket) = &mut seat.socket else {
            return;
        };
        let waits = seat
            .rare
            .as_ref()
            .is_some_and(|rare| !rare.unsent.is_empty());
        let written = if waits { 0 } else { attempt(socket, bytes) };
        if written == bytes.len() {
            return;
        }
        let unsent = &mut seat.rare().unsent;
        unsent.extend_from_slice(&bytes[written..]);
        if unsent.len() > MOST_UNSENT {
            self.lose(id, "the server does not read what it is sent".into());
        }
    }

    /// Writes what waits for the kernel.
    pub(super) fn flush(&mut self, id: SeatId) {
        let seat = &mut self.seats[id.0 as usize];
        if let (Some(socket), Some(rare)) = (&mut seat.socket, &mut seat.rare) {
            let written = attempt(socket, &rare.unsent);
            rare.unsent.drain(..written);
        }
    }
}

/// Writes what the kernel takes. A connection that has failed shows that by
/// being readable, so that errors are left to reading.
fn attempt(socket: &mut impl Write, bytes: &[u8]) -> usize {
    let mut written = 0;
    while written < bytes.len() {
        match socket.write(&bytes[written..]) {
            Ok(0) => break,
            Ok(count) => written += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    written
}
