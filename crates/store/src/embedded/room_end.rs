//! What a room lets go of, and when: old events, nonces, and in the end itself.

use std::collections::VecDeque;

use rookery_protocol::{Event, server_frame::RoomKind};

use super::{clock::Now, disk::Record, nonces::MEMORY_MS, room::StoredRoom};

impl StoredRoom {
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
        while let Some(seq) = self.nonces.forget_old(now.steady) {
            let first = self.first();
            if let Some(journal) = &mut self.journal
                && first.is_none_or(|first| seq < first)
            {
                journal.remove(seq);
            }
        }
        self.flush();
    }

    fn drop_front_while(&mut self, over: impl Fn(&Event) -> bool) {
        while self.log.front().is_some_and(|stored| over(&stored.event)) {
            self.drop_first();
        }
    }

    pub(super) fn drop_first(&mut self) {
        let Some(stored) = self.log.pop_front() else {
            return;
        };
        let seq = stored.event.seq;
        self.hidden.forget_up_to(seq);
        self.reactions.forget(seq, self.journal.as_deref_mut());
        if let Some(journal) = &mut self.journal {
            match self.nonces.of_event(seq) {
                None => journal.remove(seq),
                Some((digest, ts)) => {
                    let record = Record {
                        ts,
                        digest: Some(digest),
                        event: None,
                    };
                    journal.put(seq, &record);
                }
            }
            if self.log.is_empty() {
                // The last number must not go with the last event.
                self.put_head();
            }
        }
    }

    /// When something here is next to be let go of, by the system's clock.
    pub(super) fn next_due(&self, now: Now) -> Option<u64> {
        let idle = self.journal.as_ref();
        let idle = idle.map(|journal| now.wall_at(self.used + journal.idle_ms()));
        [self.next_over(now), idle].into_iter().flatten().min()
    }

    /// When something of what is kept is next to be let go of for good.
    fn next_over(&self, now: Now) -> Option<u64> {
        let oldest = self.ttl_ms.and_then(|_| self.log.front());
        let expiry = oldest.and_then(|stored| stored.event.expires_at);
        let nonce = self.nonces.next_due().map(|due| now.wall_at(due));
        // As long as a nonce is remembered, the room is not over.
        let end = self.ends_at().map(|end| end.max(nonce.unwrap_or(end)));
        [expiry, nonce, end].into_iter().flatten().min()
    }

    /// When something of it is to be let go of that lies on the disk alone. Nonces wait
    /// until it is read.
    pub(super) fn next_over_kept(&self) -> Option<u64> {
        let oldest = self.ttl_ms.and_then(|_| self.log.front());
        let expiry = oldest.and_then(|stored| stored.event.expires_at);
        [expiry, self.ends_at()].into_iter().flatten().min()
    }

    /// Whether nobody has written, or been there, for so long that the room itself is
    /// gone. Where the system's clock was set forward, it stays for its nonces.
    pub(super) fn is_over(&self, now: Now) -> bool {
        self.nonces.next_due().is_none() && self.ends_at().is_some_and(|end| end <= now.wall)
    }

    /// A room whose messages do not live for good outlives the last one, and the last who
    /// was there, by an hour; any other without events by as long as is set. As long as
    /// somebody is there it has no end, and neither has one that somebody made to be theirs.
    fn ends_at(&self) -> Option<u64> {
        if self.kind != RoomKind::Public || self.people.past.had_roles {
            return None;
        }
        let last = self.left?.max(self.last_write);
        match self.ttl_ms {
            Some(ttl_ms) => Some(last + ttl_ms + MEMORY_MS),
            None if self.log.is_empty() && self.keep_empty_ms > 0 => {
                Some(last + self.keep_empty_ms)
            }
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use rookery_protocol::{EventBody, EventKind, Nonce, RoomId, UserId};

    use super::*;
    use crate::{Append, Lifetime, Retention, embedded::nonces::Nonces};

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
    fn no_clock_that_is_set_makes_a_nonce_forgotten_or_remembered_for_good() {
        let retention = short_lived();
        let mut room = StoredRoom::new(
            append().room,
            None,
            &retention,
            10 * MEMORY_MS,
            Nonces::new(1),
        );
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
        let mut room = StoredRoom::new(append().room, None, &retention, 1000, Nonces::new(1));
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
        let mut room = StoredRoom::new(id.clone(), None, &retention, 1000, Nonces::new(1));
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

    #[test]
    fn time_does_not_fall_when_the_clock_does() {
        let retention = short_lived();
        let mut room = StoredRoom::new(append().room, None, &retention, 1000, Nonces::new(1));
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
}
