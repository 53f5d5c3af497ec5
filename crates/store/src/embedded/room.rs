//! One room: its log, its numbers and its nonces.
//!
//! Everything here is told the time and asks no clock. It must never be held
//! across an await; whoever holds it does so for one step only.

use std::collections::VecDeque;

use rookery_protocol::{
    Cursor, Epoch, Event, EventKind, Role, RoomId, UserId, edit,
    server_frame::{RoomKind, RoomRow},
};

use super::{
    clock::Now,
    directory::Entered,
    disk::{Journal, KeptEvent, Record},
    hidden::Hidden,
    nonces::{Digest, Nonces, Seen},
    people::{Member, People},
    reactions::Reactions,
};
use crate::{
    Append, Appended, Forks, Overwrite, Replacement, Retention, StoreError, epoch, room_name,
};

/// A room. Times are in milliseconds since the Unix epoch.
#[derive(Debug)]
pub(super) struct StoredRoom {
    pub(super) id: RoomId,
    pub(super) kind: RoomKind,
    pub(super) name: String,
    /// How long its events live, in milliseconds.
    pub(super) ttl_ms: Option<u64>,
    pub(super) epoch: Epoch,
    /// What the log shares with epochs before its own.
    pub(super) forks: Forks,
    /// The last number given.
    pub(super) head: u64,
    /// When anything was last written here, or it was made.
    pub(super) last_write: u64,
    /// For how long it is kept where it has no events and nobody is there.
    pub(super) keep_empty_ms: u64,
    /// Since when nobody has been there, if nobody is.
    pub(super) left: Option<u64>,
    /// Ascending by number; a number is missing only where the log was once rolled back.
    pub(super) log: VecDeque<Stored>,
    pub(super) hidden: Hidden,
    pub(super) nonces: Nonces,
    pub(super) people: People,
    pub(super) reactions: Reactions,
    /// When the sweep is to come by next, if it is.
    pub(super) sweep_at: Option<u64>,
    /// When it was used last, by the steady clock; of interest where it is kept elsewhere.
    pub(super) used: u64,
    /// Where it is kept beside memory, if it is.
    pub(super) journal: Option<Box<Journal>>,
    /// Whether the last visit is not written there.
    pub(super) visited: bool,
    /// Its place among the rooms in memory, once it is there.
    pub(super) entered: Option<Entered>,
}

/// An event and whether it is a message, so that none
/// has to be parsed to be skipped.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) is_message: bool,
    pub(super) event: Event,
}

impl StoredRoom {
    /// A public room without events whose next number follows the known one.
    pub(super) fn new(
        id: RoomId,
        known: Option<&Cursor>,
        retention: &Retention,
        now: u64,
        nonces: Nonces,
    ) -> Self {
        Self {
            kind: RoomKind::Public,
            name: room_name::readable(&id),
            ttl_ms: retention.ttl_ms(&id),
            epoch: epoch::fresh(),
            forks: Forks::default(),
            head: known.map_or(0, |known| known.seq),
            last_write: now,
            keep_empty_ms: retention.keep_empty_ms,
            left: Some(now),
            log: VecDeque::new(),
            hidden: Hidden::default(),
            nonces,
            people: People::default(),
            reactions: Reactions::default(),
            sweep_at: None,
            used: 0,
            journal: None,
            visited: false,
            entered: None,
            id,
        }
    }

    /// Notes whether somebody is there.
    pub(super) fn note_presence(&mut self, somebody: bool, now: u64) {
        let left = (!somebody).then_some(now);
        if left.is_some() || self.left.is_some() {
            self.left = left;
            self.put_head();
            self.flush();
        }
    }

    /// Begins another life of the log if it ends before what is known of it.
    pub(super) fn heal_rollback(&mut self, known: &Cursor) {
        if known.epoch == self.epoch && known.seq > self.head {
            self.epoch = epoch::fresh();
            self.forks = Forks::default();
            self.head = known.seq;
            self.put_head();
            self.flush();
        }
    }

    /// The end of the log.
    pub(super) fn head(&self) -> Cursor {
        Cursor {
            epoch: self.epoch.clone(),
            seq: self.head,
        }
    }

    /// The room as a member sees it who has looked up to `read`; `None` for who is no member.
    pub(super) fn row(&self, user: &UserId, read: u64) -> Option<RoomRow> {
        let by_list = People::is_member_by_list(self.kind, self.people.past);
        let role = self.people.role(user).or(by_list.then_some(Role::Member))?;
        Some(RoomRow {
            room: self.id.clone(),
            kind: self.kind,
            name: self.name.clone(),
            role: Some(role),
            seq: self.head,
            read,
            unread: self.head.saturating_sub(read),
            last_ts: self.last_write,
        })
    }

    /// Somebody comes in who may, and is a member from now on.
    pub(super) fn enter_member(&mut self, user: &UserId, now: u64) {
        let role = Role::Member;
        let since = now;
        self.people
            .members
            .insert(user.clone(), Member { role, since });
        if let Some(journal) = &mut self.journal {
            self.people.put_member(journal, user);
        }
        self.flush();
    }

    /// Numbers and stores an event, unless its nonce is remembered.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoSuchMessage`] where what it overwrites is not there,
    /// [`StoreError::Denied`] where whose it is may not do that.
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
        self.people
            .may_write(
                self.kind,
                append.body.kind,
                &append.user,
                ts,
                self.journal.as_deref_mut(),
            )
            .map_err(|denied| StoreError::Denied {
                room: self.id.clone(),
                denied,
            })?;
        if let Some(overwrite) = &append.overwrite
            && let Some(deletion) = self.overwrite(overwrite, &append.user, ts)?
        {
            return Ok(self.appended(deletion, None));
        }
        let appended = self.put_event(append, nonce, retention, now);
        self.flush();
        let Some(Overwrite {
            with: Replacement::Text(text),
            ..
        }) = &append.overwrite
        else {
            return Ok(appended);
        };
        let told = |event: Event| {
            let json = edit::event_with(event.json(), Some(text));
            Event::new(event.seq, event.expires_at, json)
        };
        let event = appended.event.map(told);
        Ok(Appended { event, ..appended })
    }

    /// Numbers and stores an event, whoever's it is.
    pub(super) fn put_event(
        &mut self,
        append: &Append,
        nonce: Option<Digest>,
        retention: &Retention,
        now: Now,
    ) -> Appended {
        let ts = now.wall.max(self.last_write);
        let seen = Seen {
            seq: self.head + 1,
            ts,
        };
        let expires_at = self.ttl_ms.map(|ttl_ms| ts + ttl_ms);
        if let Some(journal) = &mut self.journal {
            let kept = KeptEvent {
                kind: append.body.kind,
                deleted: false,
                expires_at,
                fields: &append.body.fields,
            };
            let record = Record {
                ts,
                digest: nonce,
                event: Some(kept),
            };
            journal.put(seen.seq, &record);
        }
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
        self.appended(seen, Some(event))
    }

    /// Lets go of what is before the latest messages.
    pub(super) fn trim(&mut self, retention: &Retention) {
        if retention.max_messages == 0 {
            return;
        }
        let most = usize::try_from(retention.max_messages).unwrap_or(usize::MAX);
        while self.messages() > most {
            self.drop_first();
        }
    }

    /// How many messages there are.
    pub(super) fn messages(&self) -> usize {
        self.log.len() - self.hidden.len()
    }

    /// The first number that is still there.
    pub(super) fn first(&self) -> Option<u64> {
        self.log.front().map(|stored| stored.event.seq)
    }

    /// When something was last written here, or it was made.
    pub(super) fn last_write(&self) -> u64 {
        self.last_write
    }

    fn appended(&self, seen: Seen, event: Option<Event>) -> Appended {
        Appended {
            epoch: self.epoch.clone(),
            seq: seen.seq,
            ts: seen.ts,
            event,
        }
    }

    /// Somebody looks in: what is counted from when the last left begins anew.
    pub(super) fn visit(&mut self, now: Now) {
        self.visited = true;
        if let Some(left) = &mut self.left {
            *left = now.wall.max(*left);
        }
    }
}
