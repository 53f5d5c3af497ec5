//! What a room remembers of the nonces that it has seen.
//!
//! It keeps 128 bits for a nonce and its user, however long they are: a
//! SipHash under a key that nobody knows, the same one for as long as nonces are kept. With a billion nonces remembered at
//! once, two of them are taken for one with a probability of 1.5 in 10^21
//! (n² / 2^129).

use std::{collections::VecDeque, hash::Hasher as _};

use hashbrown::HashTable;
use rookery_protocol::{Nonce, UserId};
use siphasher::sip128::{Hasher128 as _, SipHasher13};

/// How long a nonce is remembered, in milliseconds.
pub(super) const MEMORY_MS: u64 = 3_600_000;

/// Where an event of a nonce went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    /// Its number.
    pub(super) seq: u64,
    /// When it was stored, in milliseconds since the Unix epoch.
    pub(super) ts: u64,
}

/// What is kept of a nonce and its user, for the lookup and for the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Digest([u64; 2]);

impl Digest {
    /// As it lies on the disk.
    pub(super) fn to_bytes(self) -> [u8; 16] {
        let [one, other] = self.0;
        ((u128::from(one) << 64) | u128::from(other)).to_be_bytes()
    }

    pub(super) fn from_bytes(bytes: [u8; 16]) -> Self {
        let both = u128::from_be_bytes(bytes);
        Self([(both >> 64) as u64, both as u64])
    }
}

/// The nonces of the last hour. Each is forgotten by itself when its hour is
/// over; everything is never looked through at once.
///
/// Nearly every nonce is a new one. So what is searched is a table of four
/// bytes for each, which mostly stays in the processor's caches, and the rest is
/// only written, in order.
#[derive(Debug)]
pub(super) struct Nonces {
    key: u128,
    /// Places in `oldest_first`, counted from the first nonce of all, modulo 2^32.
    places: HashTable<u32>,
    oldest_first: VecDeque<Remembered>,
    /// The place of the oldest.
    first: u32,
    /// Since when the oldest is remembered; its own memory is out of the caches by then.
    oldest_since: u64,
}

/// A nonce, where its event went, and since when it is remembered: by the
/// steady clock, since time is not to pass by a clock's being set.
#[derive(Debug)]
struct Remembered {
    digest: Digest,
    seen: Seen,
    since: u64,
}

impl Nonces {
    /// None yet.
    pub(super) fn new(key: u128) -> Self {
        Self {
            key,
            places: HashTable::new(),
            oldest_first: VecDeque::new(),
            first: 0,
            oldest_since: 0,
        }
    }

    /// What stands for a nonce here.
    pub(super) fn digest(&self, user: &UserId, nonce: &Nonce) -> Digest {
        let mut hasher = SipHasher13::new_with_key(&self.key.to_be_bytes());
        hasher.write(user.as_str().as_bytes());
        // Neither has it, since it is not UTF-8.
        hasher.write(&[0xff]);
        hasher.write(nonce.as_str().as_bytes());
        let hash = hasher.finish128();
        Digest([hash.h1, hash.h2])
    }

    /// What stands for the nonce of an event, if it is remembered, and the event's time.
    pub(super) fn of_event(&self, seq: u64) -> Option<(Digest, u64)> {
        let nonces = &self.oldest_first;
        let place = nonces.binary_search_by_key(&seq, |other| other.seen.seq);
        let found = nonces.get(place.ok()?)?;
        Some((found.digest, found.seen.ts))
    }

    /// Where the event of this nonce went, if it is remembered.
    pub(super) fn get(&self, digest: Digest) -> Option<Seen> {
        let is_it = |&place: &u32| self.at(place).is_some_and(|other| other.digest == digest);
        let place = self.places.find(digest.0[0], is_it)?;
        Some(self.at(*place)?.seen)
    }

    /// Remembers a nonce that is not remembered yet, from `since` on by the
    /// steady clock. That may not fall from call to call.
    pub(super) fn remember(&mut self, digest: Digest, seen: Seen, since: u64) {
        if self.oldest_first.is_empty() {
            self.oldest_since = since;
        }
        // Nobody stores four billion messages in one room in an hour.
        let place = self.first.wrapping_add(self.oldest_first.len() as u32);
        if self.oldest_first.capacity() == 0 {
            // Most rooms are quiet ones.
            self.oldest_first.reserve_exact(1);
        }
        self.oldest_first.push_back(Remembered {
            digest,
            seen,
            since,
        });
        let (first, nonces) = (self.first, &self.oldest_first);
        let hash = |&place: &u32| at(nonces, first, place).map_or(0, |other| other.digest.0[0]);
        self.places.insert_unique(digest.0[0], place, hash);
    }

    fn at(&self, place: u32) -> Option<&Remembered> {
        at(&self.oldest_first, self.first, place)
    }

    /// Forgets the oldest if its hour is over by the steady clock, and gives the number of
    /// its event.
    pub(super) fn forget_old(&mut self, now: u64) -> Option<u64> {
        self.next_due().filter(|due| *due <= now)?;
        self.forget_oldest()
    }

    fn forget_oldest(&mut self) -> Option<u64> {
        let Remembered { digest, seen, .. } = self.oldest_first.pop_front()?;
        let oldest = self.first;
        if let Ok(entry) = self
            .places
            .find_entry(digest.0[0], |place| *place == oldest)
        {
            entry.remove();
        }
        self.first = oldest.wrapping_add(1);
        match self.oldest_first.front() {
            Some(next) => self.oldest_since = next.since,
            // An idle room keeps no empty tables.
            None => *self = Self::new(self.key),
        }
        Some(seen.seq)
    }

    /// When the next one is to be forgotten, by the steady clock.
    pub(super) fn next_due(&self) -> Option<u64> {
        (!self.oldest_first.is_empty()).then_some(self.oldest_since + MEMORY_MS)
    }
}

fn at(oldest_first: &VecDeque<Remembered>, first: u32, place: u32) -> Option<&Remembered> {
    oldest_first.get(place.wrapping_sub(first) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(nonces: &Nonces, name: &str) -> Digest {
        nonces.digest(&UserId::new("u").unwrap(), &Nonce::new(name).unwrap())
    }

    #[test]
    fn a_nonce_is_remembered_for_its_hour_and_then_gone() {
        let mut nonces = Nonces::new(1);
        let [a, b] = ["a", "b"].map(|name| digest(&nonces, name));
        let first = Seen { seq: 1, ts: 5 };
        nonces.remember(a, first, 1000);
        nonces.remember(b, Seen { seq: 2, ts: 5 }, 2000);

        while nonces.forget_old(1000 + MEMORY_MS - 1).is_some() {}
        assert_eq!(nonces.get(a), Some(first));
        while nonces.forget_old(1000 + MEMORY_MS).is_some() {}
        assert_eq!(nonces.get(a), None);
        assert_eq!(nonces.get(b).unwrap().seq, 2);
        assert_eq!(nonces.next_due(), Some(2000 + MEMORY_MS));
        while nonces.forget_old(2000 + MEMORY_MS).is_some() {}
        assert_eq!((nonces.places.capacity(), nonces.next_due()), (0, None));
    }

    #[test]
    fn users_do_not_share_their_nonces() {
        let nonces = Nonces::new(1);
        let of = |user: &str, nonce: &str| {
            nonces.digest(&UserId::new(user).unwrap(), &Nonce::new(nonce).unwrap())
        };
        assert_eq!(of("u", "a"), of("u", "a"));
        assert_ne!(of("u", "a"), of("v", "a"));
        assert_ne!(of("ua", "b"), of("u", "ab"));
    }

    #[test]
    fn many_come_and_go_and_their_places_begin_anew() {
        let mut nonces = Nonces {
            first: u32::MAX - 1000,
            ..Nonces::new(1)
        };
        let digests: Vec<_> = (0..5000)
            .map(|number| digest(&nonces, &number.to_string()))
            .collect();
        for (seq, digest) in (0..).zip(digests.iter().copied()) {
            assert_eq!(nonces.get(digest), None);
            nonces.remember(digest, Seen { seq, ts: 5 }, seq);
            assert_eq!(nonces.get(digest).unwrap().seq, seq);
        }
        while nonces.forget_old(MEMORY_MS + 1999).is_some() {}
        let left: Vec<_> = digests
            .iter()
            .filter_map(|digest| nonces.get(*digest))
            .map(|seen| seen.seq)
            .collect();
        assert_eq!(left, (2000..5000).collect::<Vec<_>>());
        assert_eq!(nonces.places.len(), left.len());
    }
}
