//! The allowances of one kind, by whose they are.

use std::{hash::Hash, time::Duration};

use dashmap::DashMap;

use super::allowance::{Allowance, Rate};
use crate::clock::Moment;

/// The most allowances of one kind. Beyond it those who are not known yet share
/// one, so that nobody makes a node's memory grow by coming as ever somebody else.
const MOST: usize = 200_000;

#[derive(Debug)]
pub(super) struct Keyed<K: Eq + Hash> {
    rate: Rate,
    allowances: DashMap<K, Allowance>,
    shared: Allowance,
}

impl<K: Eq + Hash + Clone> Keyed<K> {
    pub(super) fn new(rate: Rate) -> Self {
        Self {
            rate,
            allowances: DashMap::new(),
            shared: Allowance::default(),
        }
    }

    /// Takes one token, or says how long to wait for it.
    pub(super) fn charge(&self, key: &K, now: Moment) -> Result<(), Duration> {
        if self.rate.is_unlimited() {
            return Ok(());
        }
        if let Some(known) = self.allowances.get(key) {
            return known.charge(now, self.rate);
        }
        if self.allowances.len() >= MOST {
            return self.shared.charge(now, self.rate);
        }
        let new = self.allowances.entry(key.clone()).or_default();
        new.charge(now, self.rate)
    }

    /// Whether a token is there, or how long to wait for it.
    pub(super) fn look(&self, key: &K, now: Moment) -> Result<(), Duration> {
        let known = self.allowances.get(key);
        known.map_or(Ok(()), |known| known.look(now, self.rate))
    }

    /// Puts a token back that was taken in vain.
    pub(super) fn give_back(&self, key: &K) {
        if let Some(known) = self.allowances.get(key) {
            known.give_back(self.rate);
        }
    }

    /// Forgets those that say nothing any more.
    pub(super) fn forget_whole_ones(&self, now: Moment) {
        self.allowances
            .retain(|_, allowance| !allowance.is_whole(now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_one_and_only_what_says_something_is_kept() {
        let keyed = Keyed::new(Rate::per_second(1, 1));
        let now = Moment::now();
        assert_eq!(keyed.charge(&"a", now), Ok(()));
        assert!(keyed.charge(&"a", now).is_err());
        assert!(keyed.look(&"a", now).is_err());
        assert_eq!(keyed.charge(&"b", now), Ok(()));
        assert_eq!(keyed.look(&"c", now), Ok(()));
        keyed.forget_whole_ones(now);
        assert_eq!(keyed.allowances.len(), 2);
        keyed.forget_whole_ones(now + Duration::from_secs(2));
        assert!(keyed.allowances.is_empty());
    }
}
