//! One order for one room on this node.
//!
//! Events reach a node twice over, by the answers to its own appends and by
//! the shared channel, and out of step with each other. The sequencer passes
//! them on strictly by number: what comes early waits, what was seen is
//! dropped. It never asks anybody anything; closing a gap is the healer's work.

use std::collections::BTreeMap;

use rookery_protocol::{Cursor, Epoch, Event};

/// What became of an event that was offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offered {
    /// It was next: it and what had waited for it were passed on.
    Passed,
    /// It was passed on before.
    Seen,
    /// Something before it is missing. It waits, or is left to the log if too much waits.
    Early,
    /// It belongs to another epoch than the one that is being followed.
    OtherEpoch,
}

/// The place that a room's subscribers have been brought to, and what waits behind a gap.
#[derive(Debug, Default)]
pub struct Sequencer {
    position: Option<Cursor>,
    waiting: BTreeMap<u64, Event>,
    /// The epoch of what waits before the sequencer has started.
    waiting_epoch: Option<Epoch>,
}

impl Sequencer {
    /// The most events that wait behind a gap; the log has the others.
    pub const MOST_WAITING: usize = 1024;

    /// Up to where events were passed on; `None` before the start.
    pub fn position(&self) -> Option<&Cursor> {
        self.position.as_ref()
    }

    /// Whether an event waits for a missing one.
    pub fn has_gap(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Begins, or begins anew in another epoch, after `head`. What had waited
    /// and follows it is passed on.
    pub fn start(&mut self, head: Cursor, passed: &mut Vec<Event>) {
        if self.waiting_epoch.as_ref() != Some(&head.epoch) {
            self.waiting.clear();
        }
        self.waiting = self.waiting.split_off(&(head.seq + 1));
        self.position = Some(head);
        self.release(passed);
    }

    /// Goes on in another epoch, in which everything up to its position is the
    /// same; gives the place that it left. What waits may not be in there.
    pub fn enter(&mut self, epoch: Epoch) -> Option<Cursor> {
        let position = self.position.as_mut()?;
        let left = position.clone();
        position.epoch = epoch;
        self.waiting.clear();
        Some(left)
    }

    /// Takes an event from wherever it came and appends what is now in order to `passed`.
    pub fn offer(&mut self, epoch: &Epoch, event: Event, passed: &mut Vec<Event>) -> Offered {
        let Some(position) = &mut self.position else {
            self.hold_before_start(epoch, event);
            return Offered::Early;
        };
        if position.epoch != *epoch {
            return Offered::OtherEpoch;
        }
        if event.seq <= position.seq {
            return Offered::Seen;
        }
        if event.seq == position.seq + 1 {
            position.seq = event.seq;
            passed.push(event);
            self.release(passed);
            return Offered::Passed;
        }
        self.waiting_epoch = Some(epoch.clone());
        self.hold(event);
        Offered::Early
    }

    fn hold_before_start(&mut self, epoch: &Epoch, event: Event) {
        if self.waiting_epoch.as_ref() != Some(epoch) {
            self.waiting.clear();
            self.waiting_epoch = Some(epoch.clone());
        }
        self.hold(event);
    }

    fn hold(&mut self, event: Event) {
        self.waiting.insert(event.seq, event);
        if self.waiting.len() > Self::MOST_WAITING {
            self.waiting.pop_last();
        }
    }

    /// Passes on what follows without a gap, and forgets what was overtaken.
    fn release(&mut self, passed: &mut Vec<Event>) {
        let Some(position) = &mut self.position else {
            return;
        };
        while let Some(first) = self.waiting.first_entry() {
            match *first.key() {
                seq if seq <= position.seq => drop(first.remove()),
                seq if seq == position.seq + 1 => {
                    position.seq = seq;
                    passed.push(first.remove());
                }
                _ => break,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn event(seq: u64) -> Event {
        Event::new(seq, None, "")
    }

    fn epoch(name: &str) -> Epoch {
        Epoch::new(name).unwrap()
    }

    fn at(name: &str, seq: u64) -> Cursor {
        Cursor {
            epoch: epoch(name),
            seq,
        }
    }

    fn offer(sequencer: &mut Sequencer, seq: u64) -> (Offered, Vec<u64>) {
        let mut passed = Vec::new();
        let offered = sequencer.offer(&epoch("e"), event(seq), &mut passed);
        (offered, passed.iter().map(|event| event.seq).collect())
    }

    #[test]
    fn early_waits_and_seen_is_dropped() {
        let mut sequencer = Sequencer::default();
        sequencer.start(at("e", 6), &mut Vec::new());
        assert_eq!(offer(&mut sequencer, 8), (Offered::Early, vec![]));
        assert!(sequencer.has_gap());
        assert_eq!(offer(&mut sequencer, 7), (Offered::Passed, vec![7, 8]));
        assert_eq!(offer(&mut sequencer, 8), (Offered::Seen, vec![]));
        assert!(!sequencer.has_gap());
    }

    #[test]
    fn what_came_before_the_start_is_not_lost() {
        let mut sequencer = Sequencer::default();
        for seq in [4, 6, 5] {
            assert_eq!(offer(&mut sequencer, seq).0, Offered::Early);
        }
        let mut passed = Vec::new();
        sequencer.start(at("e", 4), &mut passed);
        assert_eq!(
            passed.iter().map(|event| event.seq).collect::<Vec<_>>(),
            [5, 6]
        );
    }

    #[test]
    fn another_epoch_is_told_and_a_new_start_forgets_the_old() {
        let mut sequencer = Sequencer::default();
        sequencer.start(at("old", 3), &mut Vec::new());
        assert_eq!(offer(&mut sequencer, 4).0, Offered::OtherEpoch);
        let mut passed = Vec::new();
        sequencer.start(at("e", 3), &mut passed);
        assert!(passed.is_empty());
        assert_eq!(offer(&mut sequencer, 4), (Offered::Passed, vec![4]));
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut sequencer = Sequencer::default();
        sequencer.start(at("e", 0), &mut Vec::new());
        for seq in 2..5000 {
            offer(&mut sequencer, seq);
        }
        assert_eq!(sequencer.waiting.len(), Sequencer::MOST_WAITING);
        assert_eq!(
            sequencer.waiting.first_key_value().unwrap().0,
            &2,
            "the nearest are kept"
        );
    }

    /// What the world does to the events of a log of `LENGTH` events.
    #[derive(Debug, Clone)]
    enum Step {
        /// The channel or an answer brings this event, perhaps for the third time.
        Bring(u64),
        /// The healer reads at most this many events after the position.
        Heal(u64),
    }

    const LENGTH: u64 = 40;

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            8 => (1..=LENGTH).prop_map(Step::Bring),
            1 => (1..10u64).prop_map(Step::Heal),
        ]
    }

    proptest! {
        /// However events are lost, doubled and reordered between the two ways,
        /// a subscriber gets the log, in order, once; the last heal brings the rest.
        #[test]
        fn a_subscriber_gets_the_log_in_order_once(
            first in 0..LENGTH,
            before in prop::collection::vec(1..=LENGTH, 0..20),
            steps in prop::collection::vec(step(), 0..200),
        ) {
            let mut sequencer = Sequencer::default();
            let mut passed = Vec::new();
            for seq in before {
                sequencer.offer(&epoch("e"), event(seq), &mut passed);
            }
            prop_assert!(passed.is_empty());
            sequencer.start(at("e", first), &mut passed);
            let heal = Step::Heal(LENGTH);
            for step in steps.iter().chain([&heal]) {
                match *step {
                    Step::Bring(seq) => {
                        sequencer.offer(&epoch("e"), event(seq), &mut passed);
                    }
                    Step::Heal(many) => {
                        let from = sequencer.position().unwrap().seq + 1;
                        for seq in from..(from + many).min(LENGTH + 1) {
                            sequencer.offer(&epoch("e"), event(seq), &mut passed);
                        }
                    }
                }
                let position = sequencer.position().unwrap().seq;
                prop_assert_eq!(passed.len() as u64, position - first, "nothing is skipped");
            }
            let got: Vec<_> = passed.iter().map(|event| event.seq).collect();
            prop_assert_eq!(got, (first + 1..=LENGTH).collect::<Vec<_>>());
            prop_assert!(!sequencer.has_gap());
        }
    }
}
