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
        // Of what is behind the message only an edit or a deletion changes more.
        let last = match overwriting.is_about_the_message_alone() {
            true => self.events.len().min(first + 1),
            false => self.events.len(),
        };
        for event in self.events.range_mut(first..last) {
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
#[path = "recent_tests.rs"]
mod tests;
