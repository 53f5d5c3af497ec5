//! Which messages are under way, and how many deliveries each still lacks.
//!
//! A ring that holds the latest messages: sending more than it holds while an
//! old one still lacks deliveries gives that one up as missing. It never grows.

use super::ids::{MembershipId, MessageNumber, Nanos};

/// How many messages can be under way at once.
const CAPACITY: usize = 1 << 18;

/// What stands where no message does.
const NEVER: Message = Message {
    intended: Nanos(0),
    number: MessageNumber(u32::MAX),
    sender: MembershipId(0),
    lacking: 0,
    acknowledged: true,
};

/// One message that was sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Message {
    /// When it should have been sent, however late it was.
    pub(crate) intended: Nanos,
    pub(crate) number: MessageNumber,
    /// The member that sent it.
    pub(crate) sender: MembershipId,
    /// Deliveries that have not come yet.
    pub(crate) lacking: u32,
    pub(crate) acknowledged: bool,
}

impl Message {
    fn settled(&self) -> bool {
        self.lacking == 0 && self.acknowledged
    }
}

/// What became of a delivery or an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Came {
    /// As expected; `last` where the message lacks no delivery any more.
    Expected { intended: Nanos, last: bool },
    /// All members had it already, or it was never sent, or given up.
    Unexpected,
}

/// The messages under way.
#[derive(Debug)]
pub(crate) struct Ledger {
    ring: Box<[Message]>,
    next: u32,
    /// Messages that lack a delivery or their acknowledgement.
    unsettled: u32,
    /// Deliveries of messages that were given up.
    given_up: u64,
}

impl Ledger {
    pub(crate) fn new() -> Self {
        Self {
            ring: vec![NEVER; CAPACITY].into_boxed_slice(),
            next: 0,
            unsettled: 0,
            given_up: 0,
        }
    }

    fn slot(&mut self, number: MessageNumber) -> &mut Message {
        &mut self.ring[number.0 as usize % CAPACITY]
    }

    /// The number of the next message.
    pub(crate) fn next(&self) -> MessageNumber {
        MessageNumber(self.next)
    }

    /// How many messages lack a delivery or their acknowledgement.
    pub(crate) fn unsettled(&self) -> u32 {
        self.unsettled
    }

    /// Notes a message that is about to be sent.
    pub(crate) fn issue(
        &mut self,
        intended: Nanos,
        sender: MembershipId,
        members: u32,
        acknowledges: bool,
    ) -> MessageNumber {
        let number = MessageNumber(self.next);
        let message = Message {
            intended,
            number,
            sender,
            lacking: members,
            acknowledged: !acknowledges,
        };
        let before = std::mem::replace(self.slot(number), message);
        if !before.settled() {
            self.given_up += u64::from(before.lacking);
            self.unsettled -= 1;
        }
        self.unsettled += u32::from(!message.settled());
        self.next += 1;
        number
    }

    /// The message of this number, while it is remembered.
    pub(crate) fn get(&self, number: MessageNumber) -> Option<&Message> {
        let message = &self.ring[number.0 as usize % CAPACITY];
        (message.number == number).then_some(message)
    }

    /// Notes a delivery to one member.
    #[inline]
    pub(crate) fn delivered(&mut self, number: MessageNumber) -> Came {
        let message = self.slot(number);
        if message.number != number || message.lacking == 0 {
            return Came::Unexpected;
        }
        message.lacking -= 1;
        let intended = message.intended;
        let last = message.lacking == 0;
        if message.settled() {
            self.unsettled -= 1;
        }
        Came::Expected { intended, last }
    }

    /// Notes the answer to the sender.
    pub(crate) fn acknowledged(&mut self, number: MessageNumber) -> Came {
        let message = self.slot(number);
        if message.number != number || message.acknowledged {
            return Came::Unexpected;
        }
        message.acknowledged = true;
        let (intended, last) = (message.intended, message.lacking == 0);
        if message.settled() {
            self.unsettled -= 1;
        }
        Came::Expected { intended, last }
    }

    /// Notes that the server refused a message, and says how many deliveries
    /// are not to be expected any more.
    pub(crate) fn refused(&mut self, number: MessageNumber) -> Option<u32> {
        let message = self.slot(number);
        if message.number != number || message.settled() {
            return None;
        }
        let lacking = std::mem::take(&mut message.lacking);
        message.acknowledged = true;
        self.unsettled -= 1;
        Some(lacking)
    }

    /// Forgets every message: what still comes of them belongs to nothing.
    pub(crate) fn forgive(&mut self) {
        self.ring.fill(NEVER);
        self.unsettled = 0;
        self.given_up = 0;
    }

    /// The messages that lack something, in the order in which they were sent.
    pub(crate) fn lacking(&self) -> impl Iterator<Item = &Message> {
        let oldest = self.next.saturating_sub(CAPACITY as u32);
        let under_way = if self.unsettled == 0 {
            self.next
        } else {
            oldest
        };
        (under_way..self.next)
            .map(|number| &self.ring[number as usize % CAPACITY])
            .filter(|message| !message.settled())
    }

    /// All deliveries that have not come, of messages given up too.
    pub(crate) fn missing(&self) -> u64 {
        self.given_up
            + self
                .lacking()
                .map(|message| u64::from(message.lacking))
                .sum::<u64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENDER: MembershipId = MembershipId(3);

    #[test]
    fn a_message_is_settled_by_all_deliveries_and_its_acknowledgement() {
        let mut ledger = Ledger::new();
        let intended = Nanos(7);
        let number = ledger.issue(intended, SENDER, 2, true);
        assert_eq!((ledger.unsettled(), ledger.missing()), (1, 2));
        let expected = |last| Came::Expected { intended, last };
        assert_eq!(ledger.delivered(number), expected(false));
        assert_eq!(ledger.delivered(number), expected(true));
        assert_eq!(ledger.unsettled(), 1);
        assert_eq!(ledger.acknowledged(number), expected(true));
        assert_eq!((ledger.unsettled(), ledger.missing()), (0, 0));
        assert_eq!(ledger.delivered(number), Came::Unexpected);
        assert_eq!(ledger.acknowledged(number), Came::Unexpected);
    }

    #[test]
    fn a_refused_message_expects_nothing() {
        let mut ledger = Ledger::new();
        let number = ledger.issue(Nanos(0), SENDER, 5, true);
        assert_eq!(ledger.refused(number), Some(5));
        assert_eq!(ledger.refused(number), None);
        assert_eq!((ledger.unsettled(), ledger.missing()), (0, 0));
    }

    #[test]
    fn what_falls_out_of_the_ring_is_missing() {
        let mut ledger = Ledger::new();
        let lost = ledger.issue(Nanos(0), SENDER, 4, false);
        for _ in 0..CAPACITY {
            let number = ledger.issue(Nanos(0), SENDER, 1, false);
            ledger.delivered(number);
        }
        assert_eq!((ledger.unsettled(), ledger.missing()), (0, 4));
        assert_eq!(ledger.delivered(lost), Came::Unexpected);
    }

    #[test]
    fn numbers_that_were_never_sent_are_unexpected() {
        let mut ledger = Ledger::new();
        assert_eq!(ledger.delivered(MessageNumber(5)), Came::Unexpected);
        assert!(ledger.get(MessageNumber(5)).is_none());
    }
}
