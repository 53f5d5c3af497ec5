//! Sending again what was refused for a passing reason: the nonce sees to it
//! that it is stored once.

use std::collections::VecDeque;

use memchr::memmem;

use super::{Engine, MembershipId, MessageNumber, Nanos, seat::Phase};

/// How long a client waits before it tries again.
const WAIT_S: f64 = 0.25;

/// Messages that wait to be sent again.
#[derive(Debug, Default)]
pub(crate) struct Repeats {
    /// In the order of their times.
    waiting: VecDeque<(Nanos, MessageNumber)>,
    /// How often something was sent again, ever.
    pub(super) repeated: u64,
}

impl Engine {
    /// Takes `unavailable` for what passes: from here on such a message is not
    /// given up but sent again.
    pub(crate) fn repeat_unavailable(&mut self) {
        self.repeats.get_or_insert_default();
    }

    /// How often a message was sent again because it had been refused.
    pub(crate) fn repeated(&self) -> u64 {
        self.repeats.as_ref().map_or(0, |repeats| repeats.repeated)
    }

    /// Whether a refused message will be sent again.
    pub(super) fn repeat_later(&mut self, number: MessageNumber, why: &[u8]) -> bool {
        let due = self.now().plus_seconds(WAIT_S);
        match &mut self.repeats {
            Some(repeats) if memmem::find(why, br#""code":"unavailable""#).is_some() => {
                repeats.waiting.push_back((due, number));
                true
            }
            _ => false,
        }
    }

    /// Sends again what is due, and says when the next one is.
    pub(super) fn repeat_due(&mut self, now: Nanos) -> Option<Nanos> {
        while let Some(&(due, number)) = self.repeats.as_ref()?.waiting.front() {
            if due > now {
                return Some(due);
            }
            self.repeats.as_mut()?.waiting.pop_front();
            if let Some(member) = self.connected_sender(number) {
                self.write_message(member, number);
                self.repeats.as_mut()?.repeated += 1;
            }
        }
        None
    }

    /// Who sent a message that is not acknowledged. A sender that is away sends
    /// all of them again when it comes back.
    fn connected_sender(&self, number: MessageNumber) -> Option<MembershipId> {
        let message = self.ledger.get(number)?;
        let seat = self.memberships.get(message.sender.0 as usize)?.seat;
        let joined = self.seats[seat.0 as usize].phase == Phase::Joined;
        (joined && !message.acknowledged).then_some(message.sender)
    }
}
