//! The latest events of a room that this node passed on or read.
//!
//! They answer who comes in or comes back without asking the store, and bridge
//! the time between the reading of a snapshot and its arrival. What is not here
//! is asked of the store; nothing here decides whether it may be shown.

use std::{
    collections::{VecDeque, vec_deque},
    sync::Arc,
};

use rookery_protocol::Event;

use super::RecentBudget;

/// What a message begins with, unlike every other kind of event.
const MESSAGE: &[u8] = br#"{"type":"message""#;

/// What the events begin with that put something else in the place of a message.
const OVERWRITING: [&[u8]; 2] = [br#"{"type":"edited""#, br#"{"type":"deleted""#];
/// Before the number of that message.
const TARGET: &[u8] = br#""target":"#;

/// What an event takes beside its JSON, about.
const BYTES_BESIDE: usize = 96;

/// A window at the end of a room's log, without gaps and bounded.
#[derive(Debug)]
pub(crate) struct Recent {
    events: VecDeque<Event>,
    bytes: usize,
    /// Whether nothing that readers could see comes before it.
    from_start: bool,
    /// The number of the last event that put something else in the place of a message, and
    /// the highest number of those messages: what was read before it must not come here.
    overwritten: (u64, u64),
    budget: Arc<RecentBudget>,
}

impl Recent {
    pub(crate) fn new(budget: Arc<RecentBudget>) -> Self {
        Self {
            events: VecDeque::new(),
            bytes: 0,
            from_start: false,
            overwritten: (0, 0),
            budget,
        }
    }

    /// Adds the event that was just passed on. It stays, however large; others go for it.
    pub(crate) fn push(&mut self, event: Event) {
        if let Some(target) = target_of(&event) {
            self.forget_up_to(target);
            self.overwritten = (event.seq, target.max(self.overwritten.1));
        }
        self.account(cost(&event));
        if self.events.capacity() == 0 {
            // Most rooms are quiet ones.
            self.events.reserve_exact(1);
        }
        self.events.push_back(event);
        while self.events.len() > 1 && !self.budget.allows(self.bytes, self.events.len()) {
            self.pop_front();
            self.from_start = false;
        }
    }

    /// Adds what was read of the log, up to `head`, before what is here, which
    /// ends at `position`. Useful only without gaps. `whole` is whether
    /// nothing that readers could see comes before what was read.
    pub(crate) fn fill(&mut self, read: &[Event], head: u64, position: u64, whole: bool) {
        let first_here = (position + 1).saturating_sub(self.events.len() as u64);
        let first_read = read.first().map_or(head + 1, |event| event.seq);
        let without_gaps = read
            .iter()
            .zip(first_read..)
            .all(|(event, seq)| event.seq == seq)
            && first_read + read.len() as u64 == head + 1;
        if !without_gaps || head + 1 < first_here {
            return;
        }
        let earlier = read.iter().rev();
        let (overwritten_at, overwritten) = self.overwritten;
        for event in earlier.skip_while(|event| event.seq >= first_here) {
            if head < overwritten_at && event.seq <= overwritten {
                return;
            }
            let (bytes, events) = (self.bytes + cost(event), self.events.len() + 1);
            if !self.budget.allows(bytes, events) {
                return;
            }
            self.account(cost(event));
            self.events.push_front(event.clone());
        }
        self.from_start |= whole && first_read <= first_here;
    }

    /// Forgets everything; the room went on in another epoch or jumped, or
    /// others need the room in memory more.
    pub(crate) fn clear(&mut self) {
        self.budget.give_back(self.bytes);
        self.bytes = 0;
        self.events = VecDeque::new();
        self.from_start = false;
        self.overwritten = (0, 0);
    }

    /// Forgets what stood at a number, and with it what was before: nothing is left of a
    /// message that is deleted.
    fn forget_up_to(&mut self, seq: u64) {
        while self.events.front().is_some_and(|event| event.seq <= seq) {
            self.pop_front();
            self.from_start = false;
        }
    }

    /// Lets go of what is past its lifetime at this time.
    pub(crate) fn forget_expired(&mut self, now: u64) {
        while self.events.front().is_some_and(|event| event.expired(now)) {
            self.pop_front();
        }
    }

    /// How many bytes it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The events with numbers in `after + 1 ..= head`, where `head` is the
    /// number of the last one; `None` where they are not all here.
    pub(crate) fn since(&self, after: u64, head: u64) -> Option<vec_deque::Iter<'_, Event>> {
        let missing = usize::try_from(head.checked_sub(after)?).ok()?;
        let skip = self.events.len().checked_sub(missing)?;
        Some(self.events.range(skip..))
    }

    /// The latest `limit` messages as they are now, or as many as there are in
    /// bounds; `None` where they are not all here.
    pub(crate) fn latest(&self, limit: usize) -> Option<vec_deque::Iter<'_, Event>> {
        let skip = match self.events.len().checked_sub(limit) {
            Some(skip) => skip,
            None if self.from_start => 0,
            None => return None,
        };
        let latest = self.events.range(skip..);
        // Whatever changed one of these messages would stand behind it.
        let unchanged = |event: &Event| event.json().starts_with(MESSAGE);
        latest.clone().all(unchanged).then_some(latest)
    }

    fn pop_front(&mut self) {
        if let Some(oldest) = self.events.pop_front() {
            self.bytes -= cost(&oldest);
            self.budget.give_back(cost(&oldest));
        }
    }

    fn account(&mut self, bytes: usize) {
        self.bytes += bytes;
        self.budget.take(bytes);
    }
}

impl Drop for Recent {
    fn drop(&mut self) {
        self.budget.give_back(self.bytes);
    }
}

/// In the place of which message an event puts something else; where it does not say,
/// perhaps of any before it.
fn target_of(event: &Event) -> Option<u64> {
    let json = event.json();
    OVERWRITING.iter().find(|start| json.starts_with(start))?;
    let place = memchr::memmem::find(json, TARGET);
    let digits = place.map(|place| json[place + TARGET.len()..].iter());
    let digits = digits.map(|digits| digits.take_while(|byte| byte.is_ascii_digit()));
    let number = digits.map(|digits| digits.map(|byte| char::from(*byte)).collect::<String>());
    Some(
        number
            .and_then(|number| number.parse().ok())
            .unwrap_or(event.seq - 1),
    )
}

fn cost(event: &Event) -> usize {
    event.json().len() + BYTES_BESIDE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(seq: u64, bytes: usize) -> Event {
        let mut json = format!(r#"{{"type":"message","seq":{seq}"#).into_bytes();
        json.resize(bytes.max(json.len()), b' ');
        Event::new(seq, None, json)
    }

    fn events(seqs: std::ops::RangeInclusive<u64>) -> Vec<Event> {
        seqs.map(|seq| event(seq, 0)).collect()
    }

    fn filled(seqs: std::ops::RangeInclusive<u64>) -> Recent {
        let mut recent = Recent::new(Arc::new(RecentBudget::new(1 << 20, 1000)));
        seqs.for_each(|seq| recent.push(event(seq, 0)));
        recent
    }

    fn seqs<'a>(events: impl IntoIterator<Item = &'a Event>) -> Vec<u64> {
        events.into_iter().map(|event| event.seq).collect()
    }

    fn since(recent: &Recent, after: u64, head: u64) -> Option<Vec<u64>> {
        recent.since(after, head).map(seqs)
    }

    #[test]
    fn it_gives_all_or_nothing() {
        let recent = filled(11..=15);
        assert_eq!(since(&recent, 15, 15), Some(vec![]));
        assert_eq!(since(&recent, 13, 15), Some(vec![14, 15]));
        assert_eq!(since(&recent, 10, 15), Some(vec![11, 12, 13, 14, 15]));
        assert_eq!(since(&recent, 9, 15), None);
        assert_eq!(since(&recent, 16, 15), None, "a cursor of the future");
    }

    fn deleting(seq: u64, target: u64) -> Event {
        let json =
            format!(r#"{{"type":"deleted","room":"r","seq":{seq},"target":{target},"by":"u"}}"#);
        Event::new(seq, None, json)
    }

    #[test]
    fn nothing_is_left_of_what_was_overwritten() {
        let mut recent = filled(11..=15);
        recent.push(deleting(16, 12));
        assert_eq!(since(&recent, 11, 16), None);
        assert_eq!(since(&recent, 12, 16), Some(vec![13, 14, 15, 16]));
        // What was read before that still has it, what was read after has not.
        recent.fill(&events(9..=15), 15, 16, true);
        assert_eq!(since(&recent, 11, 16), None);
        recent.fill(
            &[events(9..=15), vec![deleting(16, 12)]].concat(),
            16,
            16,
            true,
        );
        assert_eq!(since(&recent, 8, 16).unwrap().len(), 8);
        // One that does not say what it overwrites.
        recent.push(Event::new(
            17,
            None,
            br#"{"type":"edited","seq":17}"#.to_vec(),
        ));
        assert_eq!(since(&recent, 15, 17), None);
        assert_eq!(since(&recent, 16, 17), Some(vec![17]));
    }

    #[test]
    fn it_is_bounded_in_bytes_and_events() {
        let budget = Arc::new(RecentBudget::new(8 * 64 * 1024, 40));
        let mut recent = Recent::new(Arc::clone(&budget));
        (1..=1000).for_each(|seq| recent.push(event(seq, 4096 - BYTES_BESIDE)));
        assert_eq!((recent.events.len(), recent.bytes()), (16, 64 * 1024));
        (1001..=1100).for_each(|seq| recent.push(event(seq, 0)));
        assert_eq!(recent.events.len(), 40);
        recent.push(event(1101, 1 << 20));
        assert_eq!(
            seqs(&recent.events),
            [1101],
            "the last one stays, however large"
        );
        assert_eq!(budget.used(), recent.bytes());
        assert!(budget.excess() > 0);
        recent.clear();
        assert_eq!((budget.used(), budget.excess()), (0, 0));
        recent.push(event(1102, 0));
        drop(recent);
        assert_eq!(budget.used(), 0, "what is dropped is given back");
    }

    #[test]
    fn what_was_read_comes_before_what_was_passed_on() {
        let mut recent = filled(11..=15);
        recent.fill(&events(8..=12), 12, 15, false);
        assert_eq!(since(&recent, 7, 15), Some((8..=15).collect()));
        recent.fill(&events(2..=7), 7, 15, false);
        assert_eq!(since(&recent, 1, 15), Some((2..=15).collect()));
        recent.fill(&events(5..=6), 6, 15, true);
        assert_eq!(since(&recent, 0, 15), None);
    }

    #[test]
    fn what_does_not_join_is_left_out() {
        let mut recent = filled(11..=15);
        recent.fill(&events(1..=9), 9, 15, true);
        recent.fill(&[event(8, 0), event(10, 0)], 10, 15, true);
        recent.fill(&events(5..=8), 10, 15, true);
        assert_eq!(seqs(&recent.events), (11..=15).collect::<Vec<_>>());
        assert!(recent.latest(6).is_none(), "more may come before");
    }

    #[test]
    fn the_latest_messages_are_given_where_all_are_known() {
        let mut recent = filled(3..=5);
        assert_eq!(recent.latest(3).map(seqs), Some(vec![3, 4, 5]));
        assert!(recent.latest(4).is_none());
        recent.fill(&events(2..=4), 4, 5, true);
        assert_eq!(recent.latest(4).map(seqs), Some(vec![2, 3, 4, 5]));
        assert_eq!(
            recent.latest(50).map(seqs),
            Some(vec![2, 3, 4, 5]),
            "there are no more"
        );
        let edited = br#"{"type":"edited","target":4}"#;
        recent.push(Event::new(6, None, &edited[..]));
        assert!(recent.latest(2).is_none(), "one of them may have changed");
        assert!(recent.since(4, 6).is_some(), "raw events are what they are");
    }

    #[test]
    fn an_empty_log_is_known_to_be_empty() {
        let mut recent = Recent::new(Arc::new(RecentBudget::new(1 << 20, 1000)));
        assert!(recent.latest(1).is_none());
        recent.fill(&[], 0, 0, true);
        assert_eq!(recent.latest(1).map(seqs), Some(vec![]));
        recent.push(event(1, 0));
        assert_eq!(recent.latest(9).map(seqs), Some(vec![1]));
        recent.clear();
        assert!(recent.latest(9).is_none());
    }

    #[test]
    fn what_expired_goes_and_leaves_no_gap() {
        let mut recent = Recent::new(Arc::new(RecentBudget::new(1 << 20, 1000)));
        recent.fill(&[], 0, 0, true);
        for seq in 1..=3 {
            let json = br#"{"type":"message"}"#;
            recent.push(Event::new(seq, Some(seq * 100), &json[..]));
        }
        recent.forget_expired(199);
        assert_eq!(recent.latest(9).map(seqs), Some(vec![2, 3]));
        assert_eq!(since(&recent, 1, 3), Some(vec![2, 3]));
        assert_eq!(since(&recent, 0, 3), None, "the first is gone");
    }
}
