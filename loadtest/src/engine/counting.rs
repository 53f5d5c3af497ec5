//! What each text frame means for the counts.

use super::{
    Engine, MembershipId, MessageNumber, Nanos, SeatId,
    frame::Opcode,
    ledger::Came,
    seat::{Phase, room_of},
    wire::{Incoming, Snapshot, retry_after_ms},
};

/// The longest reason of a server that is passed on.
const LONGEST_REASON: usize = 200;

impl Engine {
    /// Takes a text frame.
    #[inline]
    pub(super) fn text(&mut self, id: SeatId, frame: &[u8], now: Nanos) {
        match self.settings.wire.read(frame, &mut self.layouts) {
            Incoming::Message { number, room, seq } => {
                if let Some(member) = self.member_in(id, room) {
                    self.message(member, number, seq, now);
                }
            }
            other => self.rare_text(id, other, now),
        }
    }

    fn rare_text(&mut self, id: SeatId, incoming: Incoming<'_>, now: Nanos) {
        match incoming {
            Incoming::Message { .. } | Incoming::Other => {}
            Incoming::Event { room, seq } => {
                if let Some(member) = self.member_in(id, room) {
                    self.ordered(member, seq);
                }
            }
            Incoming::Epoch { room, epoch } => {
                if let Some(member) = self.member_in(id, room) {
                    self.enters_epoch(member, epoch);
                }
            }
            Incoming::Acknowledged(number) => self.acknowledged(number, now),
            Incoming::Refused { number, why } => self.refused(number, why),
            Incoming::Ready => self.say_joins(id),
            Incoming::Joined { room, snapshot } => self.joined_room(id, room, snapshot, now),
            Incoming::ComeBack { after_ms } => self.tell(id, after_ms),
            Incoming::TurnedAway(refusal) => {
                let why = reason(refusal);
                if self.seats[id.0 as usize].phase == Phase::Greeting {
                    if let Some(ms) = retry_after_ms(refusal) {
                        self.tell(id, ms);
                    }
                    self.lose(id, format!("the server refused it: {why}"));
                } else {
                    self.note_reason(format!("error: {why}"));
                }
            }
            Incoming::Answer(answer) => self.write_frame(id, Opcode::Text, answer),
        }
    }

    /// The membership of a seat that a frame is for.
    #[inline]
    fn member_in(&self, id: SeatId, room: &[u8]) -> Option<MembershipId> {
        let seat = &self.seats[id.0 as usize];
        if seat.memberships == 1 {
            return Some(MembershipId(seat.first_membership));
        }
        let room = room_of(room)?;
        seat.membership_range()
            .find(|&index| self.memberships[index].room == room)
            .map(|index| MembershipId(index as u32))
    }

    /// A message came to a member.
    #[inline]
    fn message(
        &mut self,
        member: MembershipId,
        number: MessageNumber,
        seq: Option<u32>,
        now: Nanos,
    ) {
        let again = match seq {
            Some(seq) => !self.ordered(member, seq) || !self.logged(member, seq, number),
            None => !self.ordered_by_sender(member, number),
        };
        let since = self.memberships[member.0 as usize].since;
        // What was sent before the member joined is not owed to it.
        if again || since.is_none_or(|since| number < since) {
            return;
        }
        match self.ledger.delivered(number) {
            Came::Expected { intended, last } => {
                self.tally.delivered += 1;
                if self.measured.contains(&number.0) {
                    self.tally.measured_delivery(now.micros_since(intended));
                    if self.audits {
                        let from = self
                            .there_since(member)
                            .map_or(intended, |at| at.max(intended));
                        self.tally.there.record(now.micros_since(from));
                    }
                }
                if last {
                    self.finish(member);
                }
            }
            Came::Unexpected => self.unexpected(number),
        }
    }

    /// Since when a member is there again, where it was away or stalled.
    fn there_since(&self, member: MembershipId) -> Option<Nanos> {
        let seat = self.memberships[member.0 as usize].seat;
        self.seats[seat.0 as usize].rare.as_ref()?.there_since
    }

    /// Looks at the number of an event; `false` where it has come before.
    #[inline]
    fn ordered(&mut self, member: MembershipId, seq: u32) -> bool {
        let standing = self.memberships[member.0 as usize].events.take(seq);
        self.tally.is_new(standing)
    }

    /// Compares a message with what the others have seen at its number; `false`
    /// where that was another one.
    #[inline]
    fn logged(&mut self, member: MembershipId, seq: u32, number: MessageNumber) -> bool {
        let room = self.memberships[member.0 as usize].room;
        let Some(log) = &mut self.rooms[room.0 as usize].log else {
            return true;
        };
        let same = log.take(seq, number);
        if !same {
            self.tally.disordered += 1;
            self.note_reason(format!("two messages at one number of room {}", room.0));
        }
        same
    }

    /// The same by the sender's numbers, where the system has none.
    #[inline]
    fn ordered_by_sender(&mut self, member: MembershipId, number: MessageNumber) -> bool {
        let Some(message) = self.ledger.get(number) else {
            return true;
        };
        let receiver = &self.memberships[member.0 as usize];
        let Some(sender) = self.memberships.get(message.sender.0 as usize) else {
            return true;
        };
        let Some(order) = &mut self.rooms[receiver.room.0 as usize].by_sender else {
            return true;
        };
        let standing = order.take(receiver.place as usize, sender.place as usize, number);
        self.tally.is_new(standing)
    }

    #[cold]
    fn unexpected(&mut self, number: MessageNumber) {
        // What was never sent belongs to nothing that is counted.
        self.tally.doubled += u64::from(self.ledger.get(number).is_some());
    }

    /// A message reached everybody, or never will.
    fn finish(&mut self, member: MembershipId) {
        if let Some(finished) = &mut self.finished {
            finished.push(self.memberships[member.0 as usize].room);
        }
    }

    fn acknowledged(&mut self, number: MessageNumber, now: Nanos) {
        let Came::Expected { intended, .. } = self.ledger.acknowledged(number) else {
            // The second answer to a message that was sent again.
            return;
        };
        self.answered(number);
        self.tally.acknowledged += 1;
        if self.measured.contains(&number.0) {
            self.tally.measured_acknowledged += 1;
            let micros = now.micros_since(intended);
            self.tally.acknowledgement.record(micros);
        }
    }

    fn refused(&mut self, number: MessageNumber, why: &[u8]) {
        if self.repeat_later(number, why) {
            return;
        }
        let Some(not_to_come) = self.ledger.refused(number) else {
            return;
        };
        let member = self.answered(number);
        self.note_reason(format!("message refused: {}", reason(why)));
        self.tally.refused += 1;
        if self.measured.contains(&number.0) {
            self.tally.measured_refused += 1;
            self.tally.measured_expected -= u64::from(not_to_come);
        }
        if let Some(member) = member {
            self.finish(member);
        }
    }

    /// Notes that the sender of a message has its answer, and who that is.
    fn answered(&mut self, number: MessageNumber) -> Option<MembershipId> {
        let sender = self.ledger.get(number)?.sender;
        let unanswered = &mut self.memberships[sender.0 as usize].unanswered;
        *unanswered = unanswered.saturating_sub(1);
        Some(sender)
    }

    /// From here on the events of a member are of this epoch.
    fn enters_epoch(&mut self, member: MembershipId, epoch: &str) {
        let membership = &mut self.memberships[member.0 as usize];
        membership.epoch = self.rooms[membership.room.0 as usize].place_of_epoch(epoch);
    }

    /// A join was answered.
    fn joined_room(&mut self, id: SeatId, room: &[u8], snapshot: Option<Snapshot<'_>>, now: Nanos) {
        let Some(member) = self.member_in(id, room) else {
            return;
        };
        if let Some(snapshot) = snapshot {
            self.take_snapshot(member, &snapshot, now);
        }
        let next = self.ledger.next();
        let visitor = self.seats[id.0 as usize].visitor;
        let membership = &mut self.memberships[member.0 as usize];
        if membership.since.is_none() && !visitor {
            membership.since = Some(next);
            self.rooms[membership.room.0 as usize].audience += 1;
        }
        let seat = &mut self.seats[id.0 as usize];
        seat.awaited_joins = seat.awaited_joins.saturating_sub(1);
        self.joined_if_complete(id);
    }

    fn take_snapshot(&mut self, member: MembershipId, snapshot: &Snapshot<'_>, now: Nanos) {
        self.enters_epoch(member, snapshot.epoch);
        let membership = &self.memberships[member.0 as usize];
        if membership.since.is_some() {
            self.seats[membership.seat.0 as usize].rare().there_since = Some(now);
        }
        if snapshot.recovered {
            for (seq, number) in snapshot.events() {
                self.tally.recovered += 1;
                match number {
                    Some(number) => self.message(member, number, Some(seq), now),
                    None => drop(self.ordered(member, seq)),
                }
            }
        } else if membership.since.is_some() {
            self.tally.not_recovered += 1;
        }
        self.memberships[member.0 as usize].events.last = snapshot.seq;
    }
}

/// What a server said, short enough to show, and without the time to wait that
/// is another one each time.
fn reason(said: &[u8]) -> String {
    let end = memchr::memmem::find(said, br#","retry_after_ms":"#).unwrap_or(said.len());
    let shown = &said[..end.min(LONGEST_REASON)];
    String::from_utf8_lossy(shown).into_owned()
}
