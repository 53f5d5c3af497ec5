//! What is read of a room: by who joins it, pages through it, counts, or looks after it.

use rookery_protocol::{Cursor, Event, client_frame::HistoryPage, edit};

use super::{
    clock::Now,
    room::{Stored, StoredRoom},
};
use crate::{History, Join, Joined, Range, Recovery, RoomFigures};

impl StoredRoom {
    /// How many messages can be seen after a number and up to another.
    pub(super) fn count_messages(&mut self, after: u64, up_to: u64, now: Now) -> u64 {
        self.forget_old(now);
        if after >= up_to {
            return 0;
        }
        let end = self.log.partition_point(|stored| stored.event.seq <= up_to);
        let start = self.log.partition_point(|stored| stored.event.seq <= after);
        (end - start - self.hidden.count(after + 1..=up_to)) as u64
    }

    /// What operators may want to know, with so many users here.
    pub(super) fn figures(&mut self, online: u64, now: Now) -> RoomFigures {
        self.forget_old(now);
        let events = self.log.iter();
        let bytes: usize = events
            .map(|stored| size_of::<Stored>() + stored.event.json().len())
            .sum();
        RoomFigures {
            head: self.head(),
            messages: self.messages() as u64,
            online,
            last_event_ms: self.last_write,
            bytes: (size_of::<Self>() + bytes) as u64,
        }
    }

    /// What a user who comes in needs to know.
    pub(super) fn join(&mut self, join: &Join, now: Now) -> Joined {
        self.forget_old(now);
        self.visit(now);
        let caught_up = join
            .since
            .as_ref()
            .and_then(|since| self.caught_up(since, join.catch_up));
        Joined {
            kind: self.kind,
            guarded: self.people.is_guarded(self.kind),
            name: self.name.clone(),
            head: self.head(),
            forks: self.forks.clone(),
            ttl_ms: self.ttl_ms,
            pins: self.reactions.pins.clone(),
            recovery: match caught_up {
                Some(events) => Recovery::Events(events),
                None => Recovery::Messages(self.page_before(u64::MAX, join.limit).messages),
            },
        }
    }

    /// Every event after a place; `None` where not all of them can be had.
    fn caught_up(&self, since: &Cursor, catch_up: u64) -> Option<Vec<Event>> {
        let missed = self.head.checked_sub(since.seq)?;
        if !self.has(since) || (catch_up > 0 && missed > catch_up) {
            return None;
        }
        let events = self.contiguous_after(since.seq, usize::MAX);
        (events.len() as u64 == missed).then_some(events)
    }

    /// At most `limit` events after a place, without holes.
    pub(super) fn events_after(&mut self, after: &Cursor, limit: usize, now: Now) -> Range {
        self.forget_old(now);
        Range {
            head: self.head(),
            forks: self.forks.clone(),
            events: if self.has(after) {
                self.contiguous_after(after.seq, limit)
            } else {
                Vec::new()
            },
        }
    }

    /// Whether a place is one of this log, or of one with which it shares everything up to it.
    fn has(&self, place: &Cursor) -> bool {
        place.epoch == self.epoch || self.forks.share(place)
    }

    fn contiguous_after(&self, seq: u64, limit: usize) -> Vec<Event> {
        let start = self.log.partition_point(|stored| stored.event.seq <= seq);
        let events = self.log.range(start..).map(|stored| &stored.event);
        events
            .zip(1..)
            .take_while(|(event, distance)| event.seq - seq == *distance)
            .take(limit)
            .map(|(event, _)| self.as_it_is_now(event))
            .collect()
    }

    /// An edit is told with the text that its message has now, if that is still there.
    fn as_it_is_now(&self, event: &Event) -> Event {
        let Some(target) = edit::target_of(event.json()) else {
            return event.clone();
        };
        let place = self.log.binary_search_by_key(&target, |it| it.event.seq);
        let message = place.ok().and_then(|place| self.log.get(place));
        let message = message.filter(|stored| stored.is_message);
        let text = message.and_then(|stored| edit::text_of(stored.event.json()));
        let json = edit::event_with(event.json(), text);
        Event::new(event.seq, event.expires_at, json)
    }

    /// A page of messages.
    pub(super) fn history(&mut self, page: HistoryPage, limit: u32, now: Now) -> History {
        self.forget_old(now);
        let Page { messages, more } = match page {
            HistoryPage::Before(seq) => self.page_before(seq, limit),
            HistoryPage::After(seq) => self.page_after(seq, limit),
            HistoryPage::Around(seq) => {
                let older = self.page_before(seq, limit / 2);
                let newer = self.page_after(seq.saturating_sub(1), limit - limit / 2);
                Page {
                    messages: [older.messages, newer.messages].concat(),
                    more: older.more || newer.more,
                }
            }
        };
        History {
            epoch: self.epoch.clone(),
            messages,
            more,
        }
    }

    fn page_before(&self, seq: u64, limit: u32) -> Page {
        let end = self.log.partition_point(|stored| stored.event.seq < seq);
        let mut page = page(self.log.range(..end).rev(), limit);
        page.messages.reverse();
        page
    }

    fn page_after(&self, seq: u64, limit: u32) -> Page {
        let start = self.log.partition_point(|stored| stored.event.seq <= seq);
        page(self.log.range(start..), limit)
    }
}

/// Some messages, and whether there are more that way.
struct Page {
    messages: Vec<Event>,
    more: bool,
}

/// The first `limit` messages among some events.
fn page<'a>(events: impl Iterator<Item = &'a Stored>, limit: u32) -> Page {
    let mut messages = events
        .filter(|stored| stored.is_message)
        .map(|stored| stored.event.clone());
    Page {
        messages: messages.by_ref().take(limit as usize).collect(),
        more: messages.next().is_some(),
    }
}
