//! What a room's members have seen, so that all can be compared with the first.

use std::collections::VecDeque;

use super::ids::MessageNumber;

/// How many numbers a log goes back: further than anybody is behind.
const KEPT: usize = 1 << 16;

/// The messages of a room by their numbers in it, the latest of them.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// The number of the first one that is kept.
    first: u32,
    messages: VecDeque<Option<MessageNumber>>,
}

impl Log {
    /// Takes what one member saw at `seq`; `false` where another one saw
    /// something else there. Beyond what is kept everything is believed.
    pub(super) fn take(&mut self, seq: u32, number: MessageNumber) -> bool {
        if self.messages.is_empty() {
            self.first = seq;
        }
        let Some(at) = seq.checked_sub(self.first) else {
            return self.take_before(seq, number);
        };
        let at = at as usize;
        if at >= self.messages.len() {
            self.messages.resize(at + 1, None);
        }
        let same = *self.messages[at].get_or_insert(number) == number;
        while self.messages.len() > KEPT {
            self.messages.pop_front();
            self.first += 1;
        }
        same
    }

    /// One that came before the first one that was seen.
    fn take_before(&mut self, seq: u32, number: MessageNumber) -> bool {
        let missing = (self.first - seq) as usize;
        if self.messages.len() + missing > KEPT {
            return true;
        }
        for _ in 0..missing {
            self.messages.push_front(None);
        }
        self.first = seq;
        self.messages[0] = Some(number);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_have_to_see_the_same() {
        let mut log = Log::default();
        assert!(log.take(7, MessageNumber(1)));
        assert!(log.take(9, MessageNumber(3)));
        assert!(log.take(8, MessageNumber(2)));
        assert!(log.take(5, MessageNumber(0)));
        assert!(log.take(7, MessageNumber(1)) && log.take(9, MessageNumber(3)));
        assert!(!log.take(8, MessageNumber(3)) && !log.take(5, MessageNumber(1)));
    }

    #[test]
    fn it_does_not_grow_for_ever() {
        let mut log = Log::default();
        for seq in 1..3 * KEPT as u32 {
            assert!(log.take(seq, MessageNumber(seq)));
        }
        assert_eq!(log.messages.len(), KEPT);
        assert!(!log.take(3 * KEPT as u32 - 1, MessageNumber(0)));
        assert!(log.take(1, MessageNumber(0)), "long forgotten");
    }
}
