//! Which events of a log are no visible messages: edits, reactions, deletions,
//! deleted messages. Most rooms have none.

use std::{collections::VecDeque, ops::RangeInclusive};

/// Their numbers, ascending.
#[derive(Debug, Default)]
pub(super) struct Hidden(VecDeque<u64>);

impl Hidden {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Hides one.
    pub(super) fn hide(&mut self, seq: u64) {
        // Nearly always it is the latest of all.
        if self.0.back().is_none_or(|last| *last < seq) {
            self.0.push_back(seq);
        } else if let Err(place) = self.0.binary_search(&seq) {
            self.0.insert(place, seq);
        }
    }

    /// How many of some numbers are hidden.
    pub(super) fn count(&self, seqs: RangeInclusive<u64>) -> usize {
        let up_to = self.0.partition_point(|seq| seq <= seqs.end());
        let before = self.0.partition_point(|seq| seq < seqs.start());
        up_to.saturating_sub(before)
    }

    /// What is up to this number is gone.
    pub(super) fn forget_up_to(&mut self, seq: u64) {
        while self.0.front().is_some_and(|first| *first <= seq) {
            self.0.pop_front();
        }
        if self.0.is_empty() {
            self.0 = VecDeque::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_hidden_counted_and_forgotten() {
        let mut hidden = Hidden::default();
        for seq in [5, 9, 7, 7, 2] {
            hidden.hide(seq);
        }
        assert_eq!(hidden.len(), 4);
        for (seqs, count) in [(1..=9, 4), (3..=7, 2), (6..=6, 0), (9..=99, 1)] {
            assert_eq!(hidden.count(seqs), count);
        }
        hidden.forget_up_to(5);
        assert_eq!((hidden.len(), hidden.count(0..=99)), (2, 2));
        hidden.forget_up_to(9);
        assert_eq!(hidden.0.capacity(), 0, "nothing is kept of nothing");
    }
}
