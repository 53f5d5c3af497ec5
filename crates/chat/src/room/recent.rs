//! The latest events of a room that this node passed on or read.
//!
//! They answer who comes in or comes back without asking the store, and bridge
//! the time between the reading of a snapshot and its arrival. What is not here
//! is asked of the store; nothing here decides whether it may be shown.

use std::{
    collections::{VecDeque, vec_deque},
    sync::Arc,
};

use rookery_protocol::{Event, tombstone};

use super::{RecentBudget, overwriting::Overwriting};

/// What a message begins with, unlike every other kind of event.
const MESSAGE: &[u8] = br#"{"type":"message""#;

/// What an event takes beside its JSON, about.
const BYTES_BESIDE: usize = 96;

/// The end of a room's log, bounded: all events from some number on, and before these perhaps
/// messages alone, all that are to be seen from the first one on.
#[derive(Debug)]
pub(crate) struct Recent {
    events: VecDeque<Event>,
    /// From this number on every event is here.
    whole_from: u64,
    bytes: usize,
    /// Whether nothing that readers could see comes before it.
    from_start: bool,
    /// The number of the last event that changed a message: what was read before it may still
    /// have what there was, and must not come here.
    changed_at: u64,
    budget: Arc<RecentBudget>,
}

impl Recent {
    pub(crate) fn new(budget: Arc<RecentBudget>) -> Self {
        Self {
            events: VecDeque::new(),
            whole_from: 0,
            bytes: 0,
            from_start: false,
            changed_at: 0,
            budget,
        }
    }

    /// Adds the event that was just passed on. It stays, however large; others go for it.
    /// Whether it changed what came before it.
    pub(crate) fn push(&mut self, event: Event) -> bool {
        let overwriting = Overwriting::of(&event);
        let changes = overwriting.is_some();
        if let Some(overwriting) = overwriting {
            self.overwrite(&overwriting);
            self.changed_at = event.seq;
        }
        self.account(cost(&event));
        if self.events.capacity() == 0 {
            // Most rooms are quiet ones.
            self.events.reserve_exact(1);
        }
        if self.events.is_empty() {
            self.whole_from = event.seq;
        }
        self.events.push_back(event);
        while self.events.len() > 1 && !self.budget.allows(self.bytes, self.events.len()) {
            self.pop_front();
            self.from_start = false;
        }
        changes
    }

    /// Adds what was read of the log, up to `head`, before what is here, which ends at
    /// `position`: events without gaps, or the messages of a page. `whole` is whether nothing
    /// that readers could see comes before what was read.
    pub(crate) fn fill(&mut self, read: &[Event], head: u64, position: u64, whole: bool) {
        if self.events.is_empty() {
            self.whole_from = position + 1;
        }
        if head + 1 < self.whole_from || head < self.changed_at {
            return;
        }
        let first_read = read.first().map_or(head + 1, |event| event.seq);
        let mut numbers = read.iter().map(|event| event.seq).zip(first_read..);
        let is_whole = numbers.all(|(seq, number)| seq == number)
            && first_read + read.len() as u64 == head + 1;
        match is_whole {
            true => self.fill_events(read, first_read),
            false => self.fill_page(read),
        }
        let first = self.events.front().map_or(head + 1, |event| event.seq);
        self.from_start |= whole && first <= first_read;
        while !self.budget.allows(self.bytes, self.events.len()) && !self.events.is_empty() {
            self.pop_front();
            self.from_start = false;
        }
    }

    /// Puts events, all from a number on, before those that are here all.
    fn fill_events(&mut self, read: &[Event], first_read: u64) {
        if first_read >= self.whole_from {
            return;
        }
        let whole_from = self.whole_from;
        let place = |events: &VecDeque<Event>, seq| events.partition_point(|it| it.seq < seq);
        let whole = self.events.split_off(place(&self.events, whole_from));
        // Of the messages that are here alone those stay that come before what was read.
        let page = self.events.split_off(place(&self.events, first_read));
        let known: usize = page.iter().map(cost).sum();
        self.bytes -= known;
        self.budget.give_back(known);
        let earlier = read.iter().take_while(|event| event.seq < whole_from);
        for event in earlier {
            self.account(cost(event));
            self.events.push_back(event.clone());
        }
        self.events.extend(whole);
        self.whole_from = first_read;
    }

    /// Puts messages before what is here.
    fn fill_page(&mut self, read: &[Event]) {
        let first_here = self.events.front().map_or(self.whole_from, |it| it.seq);
        let earlier = read.iter().rev().skip_while(|it| it.seq >= first_here);
        for event in earlier {
            self.account(cost(event));
            self.events.push_front(event.clone());
        }
    }

    /// Forgets everything; the room went on in another epoch or jumped, or
    /// others need the room in memory more.
    pub(crate) fn clear(&mut self) {
        self.budget.give_back(self.bytes);
        self.bytes = 0;
        self.events = VecDeque::new();
        self.whole_from = 0;
        self.from_start = false;
        self.changed_at = 0;
    }

    /// Makes what is here say what it would say if it were read now: nothing is left of what a
    /// message was.
    fn overwrite(&mut self, overwriting: &Overwriting<'_>) {
        let first = self
            .events
            .partition_point(|it| it.seq < overwriting.target);
        for event in self.events.range_mut(first..) {
            let Some(now) = overwriting.applied_to(event) else {
                continue;
            };
            let (before, after) = (cost(event), cost(&now));
            self.bytes = self.bytes - before + after;
            self.budget.give_back(before);
            self.budget.take(after);
            *event = now;
        }
    }

    /// Lets go of what is past its lifetime at this time.
    pub(crate) fn forget_expired(&mut self, now: u64) {
        while self.events.front().is_some_and(|event| event.expired(now)) {
            self.pop_front();
        }
    }

    /// Whether what was read when the log ended there is as it is now.
    pub(crate) fn is_up_to_date(&self, head: u64) -> bool {
        head >= self.changed_at
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
        (missing == 0 || after + 1 >= self.whole_from).then(|| self.events.range(skip..))
    }

    /// The latest `limit` messages as they are now, or as many as there are in
    /// bounds; `None` where they are not all here.
    pub(crate) fn latest(&self, limit: usize) -> Option<Vec<&Event>> {
        let messages = self.events.iter().rev().filter(|event| is_visible(event));
        let mut latest: Vec<_> = messages.take(limit).collect();
        latest.reverse();
        (latest.len() == limit || self.from_start).then_some(latest)
    }

    fn pop_front(&mut self) {
        if let Some(oldest) = self.events.pop_front() {
            self.whole_from = self.whole_from.max(oldest.seq + 1);
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

/// Whether a page shows an event: whether it is a message that is not deleted.
fn is_visible(event: &Event) -> bool {
    event.json().starts_with(MESSAGE) && !tombstone::is_tombstone(event.json())
}

fn cost(event: &Event) -> usize {
    event.json().len() + BYTES_BESIDE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(seq: u64, bytes: usize) -> Event {
        let fields = r#""from":{"id":"u","name":"U"},"text":"x""#;
        let mut json = format!(r#"{{"type":"message","seq":{seq},{fields}}}"#).into_bytes();
        json.resize(bytes.max(json.len()), b' ');
        Event::new(seq, None, json)
    }

    fn events(seqs: std::ops::RangeInclusive<u64>) -> Vec<Event> {
        seqs.map(|seq| event(seq, 0)).collect()
    }

    fn filled(seqs: std::ops::RangeInclusive<u64>) -> Recent {
        let mut recent = Recent::new(Arc::new(RecentBudget::new(1 << 20, 1000)));
        for seq in seqs {
            recent.push(event(seq, 0));
        }
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
        assert!(recent.push(deleting(16, 12)));
        assert_eq!(since(&recent, 10, 16), Some((11..=16).collect()));
        assert_eq!(recent.latest(4).map(seqs), Some(vec![11, 13, 14, 15]));
        // What was read before that still has it, what was read after has not.
        recent.fill(&events(9..=15), 15, 16, true);
        assert_eq!(since(&recent, 9, 16), None);
        let read = [events(9..=15), vec![deleting(16, 12)]].concat();
        recent.fill(&read, 16, 16, true);
        assert_eq!(since(&recent, 8, 16).unwrap().len(), 8);
        assert!(!recent.push(event(17, 0)));
    }

    #[test]
    fn what_was_edited_is_told_as_it_is_now() {
        let mut recent = Recent::new(Arc::new(RecentBudget::new(1 << 20, 1000)));
        let from = r#"{"id":"u","name":"U"}"#;
        let put = |recent: &mut Recent, seq: u64, kind: &str, rest: &str| {
            let json = format!(r#"{{"type":"{kind}","room":"r","seq":{seq},"ts":{seq}00,{rest}}}"#);
            recent.push(Event::new(seq, None, json))
        };
        let all = |recent: &Recent| {
            let events = recent.since(0, recent.events.len() as u64).unwrap();
            let json = events.map(|event| String::from_utf8(event.json().to_vec()).unwrap());
            json.collect::<Vec<_>>()
        };
        put(
            &mut recent,
            1,
            "message",
            &format!(r#""from":{from},"text":"a","nonce":"n""#),
        );
        put(
            &mut recent,
            2,
            "edited",
            &format!(r#""target":1,"by":{from},"text":"b""#),
        );
        put(
            &mut recent,
            3,
            "edited",
            &format!(r#""target":1,"by":{from},"text":"c""#),
        );
        let head = |kind: &str, seq: u64| {
            format!(r#"{{"type":"{kind}","room":"r","seq":{seq},"ts":{seq}00,"#)
        };
        let (message, edit) = (head("message", 1), head("edited", 2));
        let now = all(&recent);
        assert_eq!(
            now[0],
            format!(r#"{message}"from":{from},"text":"c","edited_at":300,"nonce":"n"}}"#)
        );
        assert_eq!(
            now[1],
            format!(r#"{edit}"target":1,"by":{from},"text":"c"}}"#)
        );
        assert_eq!(recent.latest(1).map(seqs), Some(vec![1]));
        put(
            &mut recent,
            4,
            "deleted",
            &format!(r#""target":1,"by":{from}"#),
        );
        let now = all(&recent);
        assert_eq!(
            now[0],
            format!(r#"{message}"from":{from},"deleted":true}}"#)
        );
        assert_eq!(now[1], format!(r#"{edit}"target":1,"by":{from}}}"#));
        assert!(recent.latest(1).is_none());
        let bytes: usize = recent.events.iter().map(cost).sum();
        assert_eq!((recent.bytes(), recent.budget.used()), (bytes, bytes));
    }

    #[test]
    fn a_page_has_messages_alone() {
        let mut recent = filled(11..=13);
        let page: Vec<_> = [2, 3, 5, 9, 11, 12].map(|seq| event(seq, 0)).into();
        recent.fill(&page, 12, 13, false);
        assert_eq!(recent.latest(6).map(seqs), Some(vec![3, 5, 9, 11, 12, 13]));
        assert!(recent.latest(8).is_none(), "more may come before");
        assert_eq!(since(&recent, 10, 13), Some(vec![11, 12, 13]));
        assert_eq!(since(&recent, 9, 13), None, "events may be missing there");
        recent.fill(&events(8..=12), 12, 13, false);
        assert_eq!(since(&recent, 7, 13), Some((8..=13).collect()));
        let latest = recent.latest(9).map(seqs);
        assert_eq!(latest, Some(vec![2, 3, 5, 8, 9, 10, 11, 12, 13]));
        assert!(recent.latest(10).is_none());
        let bytes: usize = recent.events.iter().map(cost).sum();
        assert_eq!((recent.bytes(), recent.budget.used()), (bytes, bytes));
        let page: Vec<_> = [2, 9, 13].map(|seq| event(seq, 0)).into();
        recent.fill(&page, 13, 13, true);
        assert_eq!(
            recent.latest(50).map(seqs),
            Some(vec![2, 3, 5, 8, 9, 10, 11, 12, 13])
        );
    }

    #[test]
    fn it_is_bounded_in_bytes_and_events() {
        let budget = Arc::new(RecentBudget::new(8 * 64 * 1024, 40));
        let mut recent = Recent::new(Arc::clone(&budget));
        for seq in 1..=1000 {
            recent.push(event(seq, 4096 - BYTES_BESIDE));
        }
        assert_eq!((recent.events.len(), recent.bytes()), (16, 64 * 1024));
        for seq in 1001..=1100 {
            recent.push(event(seq, 0));
        }
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
        let member = br#"{"type":"member"}"#;
        recent.push(Event::new(6, None, &member[..]));
        assert_eq!(recent.latest(2).map(seqs), Some(vec![4, 5]));
        assert_eq!(since(&recent, 4, 6), Some(vec![5, 6]));
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
