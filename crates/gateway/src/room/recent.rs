//! The last events of a room that this node passed on.
//!
//! A joining client's snapshot is read from the store while events go on; what
//! was passed on between the reading and the joining is taken from here. It is
//! bounded in bytes, and whoever needs more asks the store.

use std::collections::VecDeque;

use rookery_protocol::Event;

/// A window at the end of a room's log, contiguous and bounded in bytes.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    events: VecDeque<Event>,
    bytes: usize,
}

impl Recent {
    /// The most bytes of JSON kept for one room.
    const MOST_BYTES: usize = 64 * 1024;

    /// Adds the event that was just passed on.
    pub(crate) fn push(&mut self, event: Event) {
        self.bytes += event.json.len();
        self.events.push_back(event);
        while self.bytes > Self::MOST_BYTES && self.events.len() > 1 {
            if let Some(oldest) = self.events.pop_front() {
                self.bytes -= oldest.json.len();
            }
        }
    }

    /// Forgets everything; the room went on in another epoch or jumped.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The events with numbers in `after + 1 ..= head`, where `head` is the
    /// number of the last one; `None` where they are not all here.
    pub(crate) fn since(&self, after: u64, head: u64) -> Option<impl Iterator<Item = &Event>> {
        let missing = head.checked_sub(after)?;
        let missing = usize::try_from(missing).ok()?;
        let skip = self.events.len().checked_sub(missing)?;
        Some(self.events.iter().skip(skip))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn filled(seqs: std::ops::RangeInclusive<u64>, bytes: usize) -> Recent {
        let mut recent = Recent::default();
        for seq in seqs {
            recent.push(Event {
                seq,
                expires_at: None,
                json: Bytes::from(vec![0; bytes]),
            });
        }
        recent
    }

    fn since(recent: &Recent, after: u64, head: u64) -> Option<Vec<u64>> {
        recent
            .since(after, head)
            .map(|events| events.map(|event| event.seq).collect())
    }

    #[test]
    fn it_gives_all_or_nothing() {
        let recent = filled(11..=15, 10);
        assert_eq!(since(&recent, 15, 15), Some(vec![]));
        assert_eq!(since(&recent, 13, 15), Some(vec![14, 15]));
        assert_eq!(since(&recent, 10, 15), Some(vec![11, 12, 13, 14, 15]));
        assert_eq!(since(&recent, 9, 15), None);
        assert_eq!(since(&recent, 16, 15), None, "a cursor of the future");
    }

    #[test]
    fn it_is_bounded_in_bytes() {
        let recent = filled(1..=1000, 1024);
        assert_eq!(recent.events.len(), 64);
        assert_eq!(recent.bytes, Recent::MOST_BYTES);
        assert_eq!(
            filled(1..=3, 1 << 20).events.len(),
            1,
            "the last one stays, however large"
        );
    }
}
