//! Whether the messages of a room come in one order and once each to every
//! member: by the room's own numbers where the system gives them, else by the
//! numbers of each sender's messages.

use super::ids::MessageNumber;

/// How something stands to what came before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Next,
    /// Some of what should have come before it has not come.
    Early,
    /// Something later has come already.
    Late,
    /// It has come already.
    Again,
}

/// The numbered events that one member has had.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Numbered {
    /// The number of the latest event.
    pub(crate) last: u32,
    /// How many were left out on the way.
    pub(crate) holes: u32,
}

impl Numbered {
    /// Takes the next event.
    #[inline]
    pub(crate) fn take(&mut self, seq: u32) -> Standing {
        if seq == self.last.wrapping_add(1) {
            self.last = seq;
            return Standing::Next;
        }
        if seq > self.last {
            self.holes += seq - self.last - 1;
            self.last = seq;
            return Standing::Early;
        }
        if self.holes > 0 {
            self.holes -= 1;
            return Standing::Late;
        }
        Standing::Again
    }
}

/// The most places of [`BySender`]: beyond that its memory would slow down
/// what it watches.
const MOST_PLACES: usize = 16 << 20;

/// For each pair of a receiver and a sender of a room, the latest message.
#[derive(Debug)]
pub(crate) struct BySender {
    members: usize,
    /// The number after that of the latest message; 0 where there was none.
    latest: Vec<u32>,
}

impl BySender {
    /// For a room of so many members; `None` where they are too many to watch
    /// each pair.
    pub(crate) fn new(members: usize) -> Option<Self> {
        let places = members.checked_mul(members)?;
        (places <= MOST_PLACES).then(|| Self {
            members,
            latest: vec![0; places],
        })
    }

    /// Takes the next message of `sender` at `receiver`, both places in the room.
    #[inline]
    pub(crate) fn take(
        &mut self,
        receiver: usize,
        sender: usize,
        number: MessageNumber,
    ) -> Standing {
        let latest = &mut self.latest[receiver * self.members + sender];
        let after = number.0 + 1;
        let standing = match (*latest).cmp(&after) {
            std::cmp::Ordering::Less => Standing::Next,
            std::cmp::Ordering::Equal => Standing::Again,
            std::cmp::Ordering::Greater => Standing::Late,
        };
        *latest = after.max(*latest);
        standing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_show_holes_repeats_and_what_is_late() {
        let mut numbered = Numbered { last: 4, holes: 0 };
        assert_eq!(numbered.take(5), Standing::Next);
        assert_eq!(numbered.take(5), Standing::Again);
        assert_eq!(numbered.take(8), Standing::Early);
        assert_eq!(numbered.take(7), Standing::Late);
        assert_eq!(numbered.take(6), Standing::Late);
        assert_eq!(numbered.take(6), Standing::Again);
        assert_eq!(numbered.take(9), Standing::Next);
    }

    #[test]
    fn each_pair_has_an_order_of_its_own() {
        let mut room = BySender::new(2).unwrap();
        let message = MessageNumber;
        assert_eq!(room.take(0, 1, message(5)), Standing::Next);
        assert_eq!(room.take(1, 1, message(5)), Standing::Next);
        assert_eq!(room.take(0, 0, message(4)), Standing::Next);
        assert_eq!(room.take(0, 1, message(5)), Standing::Again);
        assert_eq!(room.take(0, 1, message(3)), Standing::Late);
        assert_eq!(room.take(0, 1, message(6)), Standing::Next);
        assert!(BySender::new(100_000).is_none());
    }
}
