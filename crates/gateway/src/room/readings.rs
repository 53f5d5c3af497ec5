//! Readings of the store, each shared by all who wait for the same.
//!
//! A thousand clients that come at once ask once. Whoever waits gets the
//! outcome, an error as well; whoever comes after it asks anew.

use std::{fmt, hash::Hash};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use indexmap::IndexMap;
use parking_lot::Mutex;
use rookery_store::StoreError;

/// A reading that several may wait for.
pub(crate) type Reading<T> = Shared<BoxFuture<'static, Result<T, StoreError>>>;

/// What is being read, by what was asked.
pub(crate) struct Readings<K, T> {
    under_way: Mutex<IndexMap<K, Reading<T>>>,
}

/// What there is for somebody who asks.
pub(crate) enum Found<A, T> {
    /// It is known already.
    Known(A),
    /// It is being read.
    Reading(Reading<T>),
}

impl<K: Hash + Eq, T: Clone + Send + 'static> Readings<K, T> {
    /// What `known` gives; else a reading of this that is under way, or while
    /// `patient` of anything; else a new one. A reading has to call [`Self::done`] when it is done, after it
    /// has put what it read where `known` finds it.
    pub(crate) fn find<A>(
        &self,
        key: K,
        patient: bool,
        known: impl FnOnce() -> Option<A>,
        read: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Found<A, T> {
        let mut under_way = self.under_way.lock();
        if let Some(known) = known() {
            return Found::Known(known);
        }
        let first = under_way.first().filter(|_| patient);
        if let Some(reading) = first.map(|(_, reading)| reading).or(under_way.get(&key)) {
            return Found::Reading(reading.clone());
        }
        let reading = read.boxed().shared();
        under_way.insert(key, reading.clone());
        Found::Reading(reading)
    }

    /// What was asked is answered.
    pub(crate) fn done(&self, key: &K) {
        let mut under_way = self.under_way.lock();
        under_way.swap_remove(key);
        if under_way.is_empty() {
            *under_way = IndexMap::new();
        }
    }
}

impl<K, T> Default for Readings<K, T> {
    fn default() -> Self {
        Self {
            under_way: Mutex::default(),
        }
    }
}

impl<K: fmt::Debug, T> fmt::Debug for Readings<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let under_way = self.under_way.lock();
        f.debug_list().entries(under_way.keys()).finish()
    }
}
