//! Where a room's log goes on in another epoch, or not from where the room was.
//!
//! Members who were sent nothing but what is in the log go on with it. All
//! others are sent back for a fresh snapshot: whatever they have beyond is lost,
//! and what stands there now they would take for seen.

use rookery_protocol::{Cursor, encode};
use rookery_store::Forks;

use super::{Room, RoomState};
use crate::delivery::{Inboxes, Instruction, Push};

/// What the end of a log says of what was known of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Noticed {
    /// Nothing new, or somebody deals with it already.
    InStep,
    /// The room is behind: somebody has to read the log for it, and makes a
    /// [`Healing`](super::Healing) at once.
    Behind,
    /// The log is gone, or ends before what was known: the store has to be told that.
    Lost,
}

impl Room {
    /// Takes the end of the log, asked for when the room was at `known`. A log
    /// that is gone or ends before that is not the one that the room remembers;
    /// a room that is gone and that nobody is in is no loss.
    pub(crate) fn notice_head(&self, known: Option<&Cursor>, head: Option<&Cursor>) -> Noticed {
        let mut state = self.state.lock();
        let Some(known) = known else {
            return Noticed::InStep;
        };
        let Some(head) = head else {
            state.memory.doubt();
            return match state.empty_since {
                None => Noticed::Lost,
                Some(_) => Noticed::InStep,
            };
        };
        if head.epoch != known.epoch {
            state.memory.doubt();
        } else if head.seq < known.seq {
            state.memory.doubt();
            return Noticed::Lost;
        }
        let position = state.sequencer.position();
        let behind = position
            .is_some_and(|position| position.epoch != head.epoch || position.seq < head.seq);
        match behind {
            true => state.want_reading().into(),
            false => Noticed::InStep,
        }
    }

    /// The log has been found to be of another epoch. Members who were sent
    /// nothing but what it shares with theirs are told, and go on; else the room
    /// starts anew, which gives false.
    pub(crate) fn enter_epoch(&self, head: &Cursor, forks: &Forks, inboxes: &Inboxes) -> bool {
        let mut state = self.state.lock();
        match state.sequencer.position() {
            Some(position) if position.epoch == head.epoch => true,
            Some(position) if forks.share(position) => {
                self.go_on(&mut state, head, inboxes);
                true
            }
            _ => {
                self.start_anew(&mut state, head.clone(), inboxes);
                false
            }
        }
    }

    /// Follows the log from `head` on, which does not continue what the
    /// members were sent: they are closed with "out of sync" and come back.
    pub(crate) fn restart(&self, head: Cursor, inboxes: &Inboxes) {
        self.start_anew(&mut self.state.lock(), head, inboxes);
    }

    fn go_on(&self, state: &mut RoomState, head: &Cursor, inboxes: &Inboxes) {
        let Some(left) = state.sequencer.enter(head.epoch.clone()) else {
            return;
        };
        let json = encode::epoch(&self.id, &head.epoch, left.seq);
        state.memory.restart(Some(&left), head);
        state.for_each_wire(&[Push::Epoch(&json)], inboxes, |worker, wire, bytes| {
            let room = self.id.clone();
            inboxes.give(worker, Instruction::Epoch { room, wire, bytes });
        });
    }

    fn start_anew(&self, state: &mut RoomState, head: Cursor, inboxes: &Inboxes) {
        let RoomState {
            sequencer,
            memory,
            recent,
            ..
        } = &mut *state;
        memory.restart(sequencer.position(), &head);
        recent.clear();
        for worker in state.members.workers() {
            let room = self.id.clone();
            inboxes.give(worker, Instruction::OutOfSync { room });
        }
        state.follow_from(head, &self.id, inboxes);
    }
}
