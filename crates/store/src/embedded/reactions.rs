//! Reactions to messages.
//!
//! The same rules as `react.lua`.

use std::collections::BTreeSet;

use bytes::Bytes;
use rookery_protocol::{
    Emoji, EventBody, EventKind, RoomId, User, UserId,
    tail::{self, ReactionCount},
};
use serde::Serialize;

use super::{clock::Now, disk::Journal, overwriting::parts_of, room::StoredRoom};
use crate::{
    Append, Appended, Denied, React, Reacted, Reaction, ReactionChange, Reactors, ReactorsAsked,
    Retention, StoreError,
};

/// What begins the key of a reaction on the disk, and that of the pins.
const REACTION: u8 = b'e';
const PINS: &[u8] = b"n";

/// Who reacted to which message how, and which messages are pinned.
#[derive(Debug, Default)]
pub(super) struct Reactions {
    given: BTreeSet<(u64, Emoji, UserId)>,
    pub(super) pins: Vec<u64>,
    /// Of which message something was told last, and when, by the steady clock.
    told: Vec<(u64, u64)>,
}

/// A change that is told of, as the event has it.
#[derive(Serialize)]
struct Change<'a> {
    emoji: &'a Emoji,
    on: bool,
    by: &'a User,
}

/// What is told of one change.
#[derive(Serialize)]
struct One<'a> {
    target: u64,
    #[serde(flatten)]
    change: Change<'a>,
    count: u64,
}

/// What is told of several.
#[derive(Serialize)]
struct Several<'a> {
    target: u64,
    reactions: &'a [ReactionCount],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changes: Vec<Change<'a>>,
}

impl Reactions {
    /// Takes back an entry; false where it is none of these.
    pub(super) fn recall(&mut self, key: &[u8], value: &[u8]) -> bool {
        if key == PINS {
            let pins = value.chunks_exact(8).filter_map(|it| it.try_into().ok());
            self.pins = pins.map(u64::from_be_bytes).collect();
            return true;
        }
        let given = key.strip_prefix(&[REACTION]).and_then(|key| {
            let (seq, rest) = key.split_first_chunk()?;
            let (emoji, user) = str::from_utf8(rest).ok()?.split_once(' ')?;
            Some((
                u64::from_be_bytes(*seq),
                Emoji::new(emoji).ok()?,
                UserId::new(user).ok()?,
            ))
        });
        given.map(|given| self.given.insert(given)).is_some()
    }

    /// The reactions to a message are gone, and so is its pin.
    pub(super) fn forget(&mut self, seq: u64, journal: Option<&mut Journal>) {
        let after = self.given.split_off(&first_of(seq));
        let mut gone = after;
        let mut later = gone.split_off(&first_of(seq + 1));
        self.given.append(&mut later);
        let was_pinned = self.pins.contains(&seq);
        self.pins.retain(|pin| *pin != seq);
        let Some(journal) = journal else {
            return;
        };
        for given in &gone {
            journal.remove_person(&key_of(given));
        }
        if was_pinned {
            self.put_pins(journal);
        }
    }

    pub(super) fn put_pins(&self, journal: &mut Journal) {
        let pins: Vec<u8> = self.pins.iter().flat_map(|pin| pin.to_be_bytes()).collect();
        match pins.is_empty() {
            true => journal.remove_person(PINS),
            false => journal.put_person(PINS, &[&pins]),
        }
    }

    /// How long nothing is to be told of a message, in milliseconds.
    fn pause(&mut self, seq: u64, now: u64) -> Option<u64> {
        self.told.retain(|(_, at)| at + React::PAUSE_MS > now);
        let told = self.told.iter().find(|(of, _)| *of == seq);
        told.map(|(_, at)| at + React::PAUSE_MS - now)
    }
}

/// What comes before all reactions to a message.
fn first_of(seq: u64) -> (u64, Emoji, UserId) {
    // Both are short words.
    #[allow(clippy::expect_used)]
    let (emoji, user) = (
        Emoji::new("\u{21}").expect("a character"),
        UserId::new("\u{21}").expect("a character"),
    );
    (seq, emoji, user)
}

fn key_of((seq, emoji, user): &(u64, Emoji, UserId)) -> Vec<u8> {
    let words = format!("{emoji} {user}");
    [&[REACTION], &seq.to_be_bytes()[..], words.as_bytes()].concat()
}

impl StoredRoom {
    /// See [`crate::Store::react`].
    pub(super) fn react(
        &mut self,
        react: &React,
        retention: &Retention,
        now: Now,
    ) -> Result<Reacted, StoreError> {
        let wall = now.wall.max(self.last_write);
        self.forget_old(Now { wall, ..now });
        let changes = react.changes.iter();
        let refused: Vec<_> = changes
            .map(|change| self.may_react(&change.user.id, wall).err())
            .collect();
        let seq = react.target;
        if refused.iter().all(Option::is_some) {
            let outcomes = refused.into_iter().flatten().map(Err).collect();
            return Ok(Reacted::Done {
                told: None,
                outcomes,
            });
        }
        let fields = self.message(seq)?;
        if let Some(wait) = self.reactions.pause(seq, now.steady) {
            return Ok(Reacted::Wait(wait));
        }
        let mut counts = tail::reactions_of(&fields);
        let mut done = Vec::new();
        let mut outcomes = Vec::new();
        for (change, refused) in react.changes.iter().zip(refused) {
            let outcome = match refused {
                Some(denied) => Err(denied),
                None => self.take_reaction(seq, change, &mut counts, react.most_emoji),
            };
            if matches!(outcome, Ok(Reaction { changed: true, .. })) {
                done.push(change);
            }
            outcomes.push(outcome);
        }
        let told = match done.is_empty() {
            true => None,
            false => {
                self.put_fields(seq, tail::with_reactions(&fields, &counts));
                self.reactions.told.push((seq, now.steady));
                let body = told_of(seq, &done, &counts);
                Some(self.tell_body(&react.room, &done[0].user.id, body, retention, now))
            }
        };
        self.flush();
        Ok(Reacted::Done { told, outcomes })
    }

    pub(super) fn may_react(&mut self, user: &UserId, now: u64) -> Result<(), Denied> {
        match self
            .people
            .may_write(self.kind, EventKind::Reacted, user, now, None)
        {
            // Only messages are for admins alone.
            Ok(()) | Err(Denied::AdminsWrite) => {}
            Err(denied) => return Err(denied),
        }
        match self.people.role(user) {
            Some(_) => Ok(()),
            None => Err(Denied::NotAMember),
        }
    }

    fn take_reaction(
        &mut self,
        seq: u64,
        change: &ReactionChange,
        counts: &mut Vec<ReactionCount>,
        most_emoji: u64,
    ) -> Result<Reaction, Denied> {
        let ReactionChange { user, emoji, on } = change;
        let place = counts.iter().position(|it| it.emoji == *emoji);
        let count = place.map_or(0, |place| counts[place].count);
        if *on && place.is_none() && counts.len() as u64 >= most_emoji {
            return Err(Denied::TooManyReactions);
        }
        let given = (seq, emoji.clone(), user.id.clone());
        let key = key_of(&given);
        let changed = match on {
            true => self.reactions.given.insert(given),
            false => self.reactions.given.remove(&given),
        };
        if !changed {
            return Ok(Reaction { changed, count });
        }
        if let Some(journal) = &mut self.journal {
            match on {
                true => journal.put_person(&key, &[]),
                false => journal.remove_person(&key),
            }
        }
        let count = if *on {
            count + 1
        } else {
            count.saturating_sub(1)
        };
        tail::set_count(counts, emoji, count);
        Ok(Reaction { changed, count })
    }

    /// Who thinks so of a message.
    pub(super) fn reactors(&self, asked: &ReactorsAsked) -> Result<Reactors, StoreError> {
        self.message(asked.target)?;
        let given = self.reactions.given.range(first_of(asked.target)..);
        let of_emoji = given
            .take_while(|(seq, ..)| *seq == asked.target)
            .filter(|(_, emoji, _)| *emoji == asked.emoji)
            .map(|(_, _, user)| user);
        let mut users = of_emoji.filter(|user| asked.after.as_ref().is_none_or(|it| *user > it));
        let limit = asked.limit as usize;
        Ok(Reactors {
            users: users.by_ref().take(limit).cloned().collect(),
            more: users.next().is_some(),
        })
    }

    /// Which of some reactions are a user's own.
    pub(super) fn own_reactions(&self, user: &UserId, asked: &[(u64, Emoji)]) -> Vec<bool> {
        let given = &self.reactions.given;
        let is_own =
            |(seq, emoji): &(u64, Emoji)| given.contains(&(*seq, emoji.clone(), user.clone()));
        asked.iter().map(is_own).collect()
    }

    /// The fields of a message that can be seen.
    pub(super) fn message(&self, seq: u64) -> Result<Bytes, StoreError> {
        let place = self.log.binary_search_by_key(&seq, |it| it.event.seq);
        let stored = place.ok().and_then(|place| self.log.get(place));
        let stored = stored.filter(|stored| stored.is_message);
        let parts = stored.and_then(|stored| parts_of(&stored.event));
        let parts = parts.map(|(_, fields)| Bytes::copy_from_slice(fields));
        parts.ok_or_else(|| StoreError::NoSuchMessage {
            room: self.id.clone(),
            seq,
        })
    }

    /// Puts other fields in the place of those of a message.
    pub(super) fn put_fields(&mut self, seq: u64, fields: Bytes) {
        let place = self.log.binary_search_by_key(&seq, |it| it.event.seq);
        let stored = place.ok().and_then(|place| self.log.get(place));
        let Some((ts, _)) = stored.and_then(|stored| parts_of(&stored.event)) else {
            return;
        };
        let expires_at = stored.and_then(|stored| stored.event.expires_at);
        self.put_in_place(seq, ts, expires_at, fields, false);
    }

    /// Stores an event that tells of a change.
    pub(super) fn tell_body(
        &mut self,
        room: &RoomId,
        user: &UserId,
        body: EventBody,
        retention: &Retention,
        now: Now,
    ) -> Appended {
        let append = Append {
            room: room.clone(),
            user: user.clone(),
            nonce: None,
            body,
            known: None,
            overwrite: None,
        };
        self.put_event(&append, None, retention, now)
    }
}

/// What is told of changes: of one who did it, of several what there is now, and whose they are
/// where these are few.
fn told_of(target: u64, done: &[&ReactionChange], counts: &[ReactionCount]) -> EventBody {
    fn of(change: &ReactionChange) -> Change<'_> {
        Change {
            emoji: &change.emoji,
            on: change.on,
            by: &change.user,
        }
    }
    match done {
        [one] => {
            let count = counts.iter().find(|it| it.emoji == one.emoji);
            let count = count.map_or(0, |it| it.count);
            let one = One {
                target,
                change: of(one),
                count,
            };
            EventBody::of(EventKind::Reacted, &one)
        }
        _ => {
            let told = if done.len() <= React::MOST_TOLD {
                done
            } else {
                &[]
            };
            let several = Several {
                target,
                reactions: counts,
                changes: told.iter().map(|change| of(change)).collect(),
            };
            EventBody::of(EventKind::Reacted, &several)
        }
    }
}
