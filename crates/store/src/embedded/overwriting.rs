//! A message becomes something else: nothing is left of what it was.

use bytes::Bytes;
use rookery_protocol::{Event, EventBody, EventKind, Role, UserId, edit, tombstone};

use super::{
    disk::{KeptEvent, Record},
    nonces::Seen,
    room::{Stored, StoredRoom},
};
use crate::{Denied, Overwrite, Replacement, StoreError};

impl StoredRoom {
    /// Puts something else in the place of a message. Gives the number of its deletion where
    /// it was to be deleted, and is already.
    pub(super) fn overwrite(
        &mut self,
        overwrite: &Overwrite,
        user: &UserId,
        now: u64,
    ) -> Result<Option<Seen>, StoreError> {
        let seq = overwrite.seq;
        let not_there = || StoreError::NoSuchMessage {
            room: self.id.clone(),
            seq,
        };
        let place = self.log.binary_search_by_key(&seq, |it| it.event.seq);
        let stored = place.ok().and_then(|place| self.log.get(place));
        let stored = stored.ok_or_else(not_there)?;
        let deletes = overwrite.with == Replacement::Deletion;
        if deletes && let Some(deletion) = self.deletion_of(seq) {
            return Ok(Some(deletion));
        }
        let event = Some(&stored.event).filter(|_| stored.is_message);
        let event = event.ok_or_else(not_there)?;
        let (ts, before) = parts_of(event).ok_or_else(not_there)?;
        let keeps_order = deletes && self.people.role(user) >= Some(Role::Admin);
        if !keeps_order && !tombstone::is_author(before, user) {
            return Err(StoreError::Denied {
                room: self.id.clone(),
                denied: Denied::Role,
            });
        }
        let fields = match &overwrite.with {
            Replacement::Text(text) => edit::edited(before, text, now).ok_or_else(not_there)?,
            Replacement::Deletion => tombstone::tombstone(before),
        };
        let expires_at = event.expires_at;
        self.put_in_place(seq, ts, expires_at, fields, deletes);
        Ok(None)
    }

    pub(super) fn put_in_place(
        &mut self,
        seq: u64,
        ts: u64,
        expires_at: Option<u64>,
        fields: Bytes,
        deleted: bool,
    ) {
        if let Some(journal) = &mut self.journal {
            let kept = KeptEvent {
                kind: EventKind::Message,
                deleted,
                expires_at,
                fields: &fields,
            };
            let digest = self.nonces.of_event(seq).map(|(digest, _)| digest);
            let event = Some(kept);
            journal.put(seq, &Record { ts, digest, event });
        }
        let kind = EventKind::Message;
        let event = Event::compose(&self.id, seq, ts, expires_at, &EventBody { kind, fields });
        if let Ok(place) = self.log.binary_search_by_key(&seq, |it| it.event.seq) {
            self.log[place] = Stored {
                is_message: !deleted,
                event,
            };
        }
        if deleted {
            self.hidden.hide(seq);
            self.reactions.forget(seq, self.journal.as_deref_mut());
        }
    }

    /// What deleted a message, if it is deleted.
    fn deletion_of(&self, seq: u64) -> Option<Seen> {
        let after = self.log.partition_point(|stored| stored.event.seq <= seq);
        let head = br#"{"type":"deleted""#;
        let target = format!(r#","target":{seq},"#);
        let deletions = self.log.range(after..).filter(|stored| {
            let json = stored.event.json();
            !stored.is_message && json.starts_with(head)
        });
        let is_it = |stored: &&Stored| {
            memchr::memmem::find(stored.event.json(), target.as_bytes()).is_some()
        };
        let deletion = deletions.into_iter().find(is_it)?;
        let (ts, _) = parts_of(&deletion.event)?;
        let seq = deletion.event.seq;
        Some(Seen { seq, ts })
    }
}

/// The time of an event, and its fields, which stand behind its time and, if it has one, its
/// end.
pub(super) fn parts_of(event: &Event) -> Option<(u64, &[u8])> {
    let json = event.json();
    let digits_from = |at: usize| {
        let rest = json.get(at..)?;
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        Some((
            str::from_utf8(&rest[..count]).ok()?.parse().ok()?,
            at + count,
        ))
    };
    let ts = br#","ts":"#;
    let (ts, mut at): (u64, usize) = digits_from(memchr::memmem::find(json, ts)? + ts.len())?;
    let end = br#","expires_at":"#;
    if json.get(at..)?.starts_with(end) {
        (_, at) = digits_from(at + end.len())?;
    }
    Some((ts, json.get(at + 1..json.len() - 1)?))
}
