//! What a room remembers of the nonces that it has seen.
//!
//! It keeps 128 bits for a nonce and its user, however long they are: two
//! SipHashes under keys that nobody knows. With a billion nonces remembered at
//! once, two of them are taken for one with a probability of 1.5 in 10^21
//! (n² / 2^129).

use std::{
    collections::{HashMap, VecDeque},
    hash::{BuildHasher, RandomState},
};

use rookery_protocol::{Nonce, UserId};

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

type Digest = [u64; 2];

/// The nonces of the last hour. Each is forgotten by itself when its hour is
/// over; everything is never looked through at once.
#[derive(Debug, Default)]
pub(super) struct Nonces {
    keys: [RandomState; 2],
    seen: HashMap<Digest, Seen>,
    /// Digests and when they were remembered.
    oldest_first: VecDeque<(u64, Digest)>,
}

impl Nonces {
    /// Where the event of this nonce went, if it is remembered.
    pub(super) fn get(&self, user: &UserId, nonce: &Nonce) -> Option<Seen> {
        self.seen.get(&self.digest(user, nonce)).copied()
    }

    /// Remembers a nonce that is not remembered yet. Times may not fall from call to call.
    pub(super) fn remember(&mut self, user: &UserId, nonce: &Nonce, seen: Seen) {
        let digest = self.digest(user, nonce);
        self.seen.insert(digest, seen);
        self.oldest_first.push_back((seen.ts, digest));
    }

    fn digest(&self, user: &UserId, nonce: &Nonce) -> Digest {
        let place = (user.as_str(), nonce.as_str());
        self.keys.each_ref().map(|key| key.hash_one(place))
    }

    /// Forgets those whose hour is over.
    pub(super) fn forget_old(&mut self, now: u64) {
        while self.next_due().is_some_and(|due| due <= now) {
            if let Some((_, digest)) = self.oldest_first.pop_front() {
                self.seen.remove(&digest);
            }
        }
        if self.seen.is_empty() {
            // An idle room keeps no empty tables.
            *self = Self::default();
        }
    }

    /// When the next one is to be forgotten, in milliseconds since the Unix epoch.
    pub(super) fn next_due(&self) -> Option<u64> {
        let (since, _) = self.oldest_first.front()?;
        Some(since + MEMORY_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_remembered_for_its_hour_and_then_gone() {
        let user = UserId::new("u").unwrap();
        let nonce = |name: &str| Nonce::new(name).unwrap();
        let mut nonces = Nonces::default();
        let first = Seen { seq: 1, ts: 1000 };
        nonces.remember(&user, &nonce("a"), first);
        nonces.remember(&user, &nonce("b"), Seen { seq: 2, ts: 2000 });

        nonces.forget_old(1000 + MEMORY_MS - 1);
        assert_eq!(nonces.get(&user, &nonce("a")), Some(first));
        nonces.forget_old(1000 + MEMORY_MS);
        assert_eq!(nonces.get(&user, &nonce("a")), None);
        assert_eq!(nonces.get(&user, &nonce("b")).unwrap().seq, 2);
        assert_eq!(nonces.next_due(), Some(2000 + MEMORY_MS));
        nonces.forget_old(2000 + MEMORY_MS);
        assert_eq!((nonces.seen.capacity(), nonces.next_due()), (0, None));
    }
}
