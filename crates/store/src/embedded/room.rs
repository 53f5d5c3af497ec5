//! One room: its log, its numbers and its nonces.
//!
//! Everything here is told the time and asks no clock. It must never be held
//! across an await; whoever holds it does so for one step only.

use std::collections::VecDeque;

use rookery_protocol::{
    Cursor, Epoch, Event, EventBody, EventKind, RoomId,
    client_frame::HistoryPage,
    server_frame::{RoomKind, RoomRow},
};

use super::{
    clock::Now,
    hidden::Hidden,
    nonces::{MEMORY_MS, Nonces, Seen},
};
use crate::{
    Append, Appended, Forks, History, Join, Joined, Overwrite, Range, Recovery, Retention,
    RoomFigures, StoreError, epoch, room_name,
};

/// A room. Times are in milliseconds since the Unix epoch.
#[derive(Debug)]
pub(super) struct StoredRoom {
    id: RoomId,
    kind: RoomKind,
    name: String,
    /// How long its events live, in milliseconds.
    ttl_ms: Option<u64>,
    epoch: Epoch,
    /// The last number given.
    head: u64,
    /// When anything was last written here, or it was made.
    last_write: u64,
    /// For how long it is kept where it has no events and nobody is there.
    keep_empty_ms: u64,
    /// Since when nobody has been there, if nobody is.
    left: Option<u64>,
    /// When it was last said that somebody is here.
    last_visit: u64,
    /// Ascending by number; a number is missing only where the log was once rolled back.
    log: VecDeque<Stored>,
    hidden: Hidden,
    nonces: Nonces,
    /// When the sweep is to come by next, if it is.
    pub(super) sweep_at: Option<u64>,
}

/// An event and whether it is a message, so that none
/// has to be parsed to be skipped.
#[derive(Debug)]
struct Stored {
    is_message: bool,
    event: Event,
}

impl StoredRoom {
    /// A public room without events whose next number follows the known one.
    pub(super) fn new(id: RoomId, known: Option<&Cursor>, retention: &Retention, now: u64) -> Self {
        Self {
            kind: RoomKind::Public,
            name: room_name::readable(&id),
            ttl_ms: retention.ttl_ms(&id),
            epoch: epoch::fresh(),
            head: known.map_or(0, |known| known.seq),
            last_write: now,
            keep_empty_ms: retention.keep_empty_ms,
            left: Some(now),
            last_visit: now,
            log: VecDeque::new(),
            hidden: Hidden::default(),
            nonces: Nonces::default(),
            sweep_at: None,
            id,
        }
    }

    /// Notes whether somebody is there.
    pub(super) fn note_presence(&mut self, somebody: bool, now: u64) {
        self.left = (!somebody).then_some(now);
    }

    /// Begins another life of the log if it ends before what is known of it.
    pub(super) fn heal_rollback(&mut self, known: &Cursor) {
        if known.epoch == self.epoch && known.seq > self.head {
            self.epoch = epoch::fresh();
            self.head = known.seq;
        }
    }

    /// The end of the log.
    pub(super) fn head(&self) -> Cursor {
        Cursor {
            epoch: self.epoch.clone(),
            seq: self.head,
        }
    }

    /// The room as a member sees it who has looked up to `read`.
    pub(super) fn row(&self, read: u64) -> RoomRow {
        RoomRow {
            room: self.id.clone(),
            kind: self.kind,
            name: self.name.clone(),
            seq: self.head,
            read,
            unread: self.head.saturating_sub(read),
        }
    }

    /// Numbers and stores an event, unless its nonce is remembered.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoSuchMessage`] where what it overwrites is not there.
    pub(super) fn append(
        &mut self,
        append: &Append,
        retention: &Retention,
        now: Now,
    ) -> Result<Appended, StoreError> {
        // The system's clock may be set back; the room's may not.
        let ts = now.wall.max(self.last_write);
        self.forget_old(Now { wall: ts, ..now });
        let nonce = append.nonce.as_ref();
        let nonce = nonce.map(|nonce| self.nonces.digest(&append.user, nonce));
        if let Some(seen) = nonce.and_then(|nonce| self.nonces.get(nonce)) {
            return Ok(self.appended(seen, None));
        }
        if let Some(overwrite) = &append.overwrite {
            self.overwrite(overwrite)?;
        }
        let seen = Seen {
            seq: self.head + 1,
            ts,
        };
        let expires_at = self.ttl_ms.map(|ttl_ms| ts + ttl_ms);
        let event = Event::compose(&self.id, seen.seq, ts, expires_at, &append.body);
        if let Some(nonce) = nonce {
            self.nonces.remember(nonce, seen, now.steady);
        }
        if self.log.capacity() == 0 {
            // Most rooms are quiet ones.
            self.log.reserve_exact(1);
        }
        let is_message = append.body.kind == EventKind::Message;
        if !is_message {
            self.hidden.hide(seen.seq);
        }
        self.log.push_back(Stored {
            is_message,
            event: event.clone(),
        });
        self.last_write = ts;
        self.head = seen.seq;
        self.trim(retention);
        Ok(self.appended(seen, Some(event)))
    }

    /// Puts something else in the place of a message.
    fn overwrite(&mut self, overwrite: &Overwrite) -> Result<(), StoreError> {
        let place = self
            .log
            .binary_search_by_key(&overwrite.seq, |stored| stored.event.seq);
        let stored = place.ok().and_then(|place| self.log.get_mut(place));
        let message = stored.filter(|stored| stored.is_message);
        let written = message.and_then(|stored| Some((time_of(&stored.event)?, stored)));
        let Some((ts, stored)) = written else {
            return Err(StoreError::NoSuchMessage {
                room: self.id.clone(),
                seq: overwrite.seq,
            });
        };
        let body = EventBody {
            kind: EventKind::Message,
            fields: overwrite.fields.clone(),
        };
        let expires_at = stored.event.expires_at;
        stored.event = Event::compose(&self.id, overwrite.seq, ts, expires_at, &body);
        if overwrite.deleted {
            stored.is_message = false;
            self.hidden.hide(overwrite.seq);
        }
        Ok(())
    }

    /// Lets go of what is before the latest messages.
    fn trim(&mut self, retention: &Retention) {
        if retention.max_messages == 0 {
            return;
        }
        let most = usize::try_from(retention.max_messages).unwrap_or(usize::MAX);
        while self.messages() > most {
            self.drop_first();
        }
    }

    /// How many messages there are.
    fn messages(&self) -> usize {
        self.log.len() - self.hidden.len()
    }

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

    /// The first number that is still there.
    pub(super) fn first(&self) -> Option<u64> {
        self.log.front().map(|stored| stored.event.seq)
    }

    /// When something was last written here, or it was made.
    pub(super) fn last_write(&self) -> u64 {
        self.last_write
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

    fn appended(&self, seen: Seen, event: Option<Event>) -> Appended {
        Appended {
            epoch: self.epoch.clone(),
            seq: seen.seq,
            ts: seen.ts,
            event,
        }
    }

    /// Somebody is here: the numbers go on for as long.
    pub(super) fn visit(&mut self, now: Now) {
        self.last_visit = self.last_visit.max(now.wall);
        if let Some(left) = &mut self.left {
            *left = now.wall.max(*left);
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
            name: self.name.clone(),
            head: self.head(),
            forks: Forks::default(),
            ttl_ms: self.ttl_ms,
            recovery: match caught_up {
                Some(events) => Recovery::Events(events),
                None => Recovery::Messages(self.page_before(u64::MAX, join.limit).messages),
            },
        }
    }

    /// Every event after a place; `None` where not all of them can be had.
    fn caught_up(&self, since: &Cursor, catch_up: u64) -> Option<Vec<Event>> {
        let missed = self.head.checked_sub(since.seq)?;
        if since.epoch != self.epoch || (catch_up > 0 && missed > catch_up) {
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
            forks: Forks::default(),
            events: if after.epoch == self.epoch {
                self.contiguous_after(after.seq, limit)
            } else {
                Vec::new()
            },
        }
    }

    fn contiguous_after(&self, seq: u64, limit: usize) -> Vec<Event> {
        let start = self.log.partition_point(|stored| stored.event.seq <= seq);
        let events = self.log.range(start..).map(|stored| &stored.event);
        events
            .zip(1..)
            .take_while(|(event, distance)| event.seq - seq == *distance)
            .take(limit)
            .map(|(event, _)| event.clone())
            .collect()
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

    /// Lets go of the events and nonces whose time is over.
    pub(super) fn forget_old(&mut self, now: Now) {
        // The oldest event is long out of the processor's caches: it is looked
        // at only where events expire.
        if self.ttl_ms.is_some() {
            self.drop_front_while(|event| event.expired(now.wall));
        }
        if self.log.is_empty() {
            self.log = VecDeque::new();
        }
        self.nonces.forget_old(now.steady);
    }

    fn drop_front_while(&mut self, over: impl Fn(&Event) -> bool) {
        while self.log.front().is_some_and(|stored| over(&stored.event)) {
            self.drop_first();
        }
    }

    fn drop_first(&mut self) {
        if let Some(stored) = self.log.pop_front() {
            self.hidden.forget_up_to(stored.event.seq);
        }
    }

    /// When something here is next to be let go of, by the system's clock.
    pub(super) fn next_due(&self, now: Now) -> Option<u64> {
        let oldest = self.ttl_ms.and_then(|_| self.log.front());
        let expiry = oldest.and_then(|stored| stored.event.expires_at);
        let nonce = self.nonces.next_due().map(|due| now.wall_at(due));
        // As long as a nonce is remembered, the room is not over.
        let end = self.ends_at().map(|end| end.max(nonce.unwrap_or(end)));
        [expiry, nonce, end].into_iter().flatten().min()
    }

    /// Whether nobody has written, or been there, for so long that the room itself is
    /// gone. Where the system's clock was set forward, it stays for its nonces.
    pub(super) fn is_over(&self, now: Now) -> bool {
        self.nonces.next_due().is_none() && self.ends_at().is_some_and(|end| end <= now.wall)
    }

    /// A room whose messages do not live for good outlives the last one, and
    /// the last visit, by an hour, so that its numbers go on while people are
    /// there. Any other without events outlives the last who was there.
    fn ends_at(&self) -> Option<u64> {
        match self.ttl_ms {
            Some(ttl_ms) => {
                let last = self.last_write.max(self.last_visit);
                Some(last + ttl_ms + MEMORY_MS)
            }
            None if self.log.is_empty() && self.keep_empty_ms > 0 => {
                Some(self.left?.max(self.last_write) + self.keep_empty_ms)
            }
            None => None,
        }
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

/// The time of an event, which stands in its JSON before whatever is its own.
fn time_of(event: &Event) -> Option<u64> {
    let json = str::from_utf8(event.json()).ok()?;
    let (_, rest) = json.split_once(r#""ts":"#)?;
    let digits = rest.split(|other: char| !other.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use rookery_protocol::{Nonce, UserId};

    use super::*;
    use crate::Lifetime;

    fn short_lived() -> Retention {
        Retention {
            max_messages: 0,
            lifetimes: vec![Lifetime {
                prefix: "e".to_owned(),
                ttl_ms: 100,
            }],
            keep_empty_ms: 50,
        }
    }

    fn append() -> Append {
        Append {
            room: RoomId::new("e").unwrap(),
            user: UserId::new("u").unwrap(),
            nonce: None,
            body: EventBody {
                kind: EventKind::Message,
                fields: "\"text\":\"x\"".into(),
            },
            known: None,
            overwrite: None,
        }
    }

    fn at(wall: u64) -> Now {
        Now {
            wall,
            steady: wall - 500,
        }
    }

    #[test]
    fn time_does_not_fall_when_the_clock_does() {
        let retention = short_lived();
        let mut room = StoredRoom::new(append().room, None, &retention, 1000);
        assert_eq!(
            room.append(&append(), &retention, at(1500)).unwrap().ts,
            1500
        );
        assert_eq!(
            room.append(&append(), &retention, at(1400)).unwrap().ts,
            1500
        );
        assert_eq!(
            room.append(&append(), &retention, at(1501)).unwrap().ts,
            1501
        );
    }

    #[test]
    fn no_clock_that_is_set_makes_a_nonce_forgotten_or_remembered_for_good() {
        let retention = short_lived();
        let mut room = StoredRoom::new(append().room, None, &retention, 10 * MEMORY_MS);
        let with_nonce = Append {
            nonce: Some(Nonce::new("n").unwrap()),
            ..append()
        };
        let mut steady = 0;
        // Set forward, back and forward again, a minute between each.
        for hours in [10, 13, 3, 20, 1] {
            let now = Now {
                wall: hours * MEMORY_MS,
                steady,
            };
            room.forget_old(now);
            assert!(!room.is_over(now), "its nonces are not");
            assert_eq!(room.append(&with_nonce, &retention, now).unwrap().seq, 1);
            steady += 60_000;
        }
        let over = Now {
            wall: MEMORY_MS,
            steady: MEMORY_MS,
        };
        assert_eq!(room.append(&with_nonce, &retention, over).unwrap().seq, 2);
    }

    #[test]
    fn a_room_outlives_its_last_message_by_an_hour() {
        let retention = short_lived();
        let mut room = StoredRoom::new(append().room, None, &retention, 1000);
        room.append(&append(), &retention, at(2000)).unwrap();
        assert_eq!(room.next_due(at(2000)), Some(2100));
        room.forget_old(at(2100));
        assert!(room.log.is_empty());
        let end = 2100 + MEMORY_MS;
        assert_eq!(room.next_due(at(2100)), Some(end));
        assert!(!room.is_over(at(end - 1)));
        assert!(room.is_over(at(end)));
        room.visit(at(end - 1));
        assert!(!room.is_over(at(end)), "somebody is there");
        assert!(room.is_over(at(end - 1 + 100 + MEMORY_MS)));
    }

    #[test]
    fn a_room_without_events_outlives_the_last_who_was_there() {
        let retention = short_lived();
        let id = RoomId::new("general").unwrap();
        let mut room = StoredRoom::new(id.clone(), None, &retention, 1000);
        assert!(
            !room.is_over(at(1049)) && room.is_over(at(1050)),
            "nobody came"
        );
        room.note_presence(true, 1040);
        assert_eq!(room.next_due(at(9000)), None);
        room.note_presence(false, 9000);
        assert_eq!(room.next_due(at(9000)), Some(9050));
        assert!(!room.is_over(at(9049)) && room.is_over(at(9050)));
        let append = Append {
            room: id,
            ..append()
        };
        room.append(&append, &retention, at(9040)).unwrap();
        assert_eq!(room.next_due(at(9000)), None, "it has an event");
    }
}
