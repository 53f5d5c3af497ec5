//! Readings of the store, each shared by all who wait for the same.
//!
//! A thousand clients that come at once ask once. Whoever waits gets the
//! outcome, an error as well; whoever comes after it asks anew. A reading takes
//! itself out of the list, however it ends.

use std::{
    fmt,
    hash::Hash,
    sync::{Arc, Weak},
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use indexmap::IndexMap;
use parking_lot::Mutex;

/// A reading that several may wait for.
pub(crate) type Reading<T> = Shared<BoxFuture<'static, T>>;

/// What is being read, by what was asked.
pub(crate) struct Readings<K, T> {
    under_way: Arc<UnderWay<K, T>>,
}

type UnderWay<K, T> = Mutex<IndexMap<K, Reading<T>>>;

/// What there is for somebody who asks.
pub(crate) enum Found<A, T> {
    /// It is known already.
    Known(A),
    /// It is being read.
    Reading(Reading<T>),
}

/// Takes a reading out of the list when it ends: with an outcome, by a panic,
/// or because it was dropped.
struct Entry<K: Hash + Eq, T: Clone> {
    /// Weak, since the list holds the reading that holds this.
    under_way: Weak<UnderWay<K, T>>,
    key: K,
}

impl<K: Hash + Eq, T: Clone> Drop for Entry<K, T> {
    fn drop(&mut self) {
        let Some(under_way) = self.under_way.upgrade() else {
            return;
        };
        let mut under_way = under_way.lock();
        let reading = under_way.swap_remove(&self.key);
        if under_way.is_empty() {
            *under_way = IndexMap::new();
        }
        // It may be the last one that holds the reading.
        drop(under_way);
        drop(reading);
    }
}

impl<K, T> Readings<K, T>
where
    K: Hash + Eq + Clone + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    /// What `known` gives; else a reading of this that is under way, or while
    /// `patient` of anything; else a new one. A reading has to put what it read
    /// where `known` finds it before it gives its outcome.
    pub(crate) fn find<A>(
        &self,
        key: K,
        patient: bool,
        known: impl FnOnce() -> Option<A>,
        read: impl Future<Output = T> + Send + 'static,
    ) -> Found<A, T> {
        let mut under_way = self.under_way.lock();
        if let Some(known) = known() {
            return Found::Known(known);
        }
        let first = under_way.first().filter(|_| patient);
        if let Some(reading) = first.map(|(_, reading)| reading).or(under_way.get(&key)) {
            return Found::Reading(reading.clone());
        }
        let entry = Entry {
            under_way: Arc::downgrade(&self.under_way),
            key: key.clone(),
        };
        let reading = async move {
            let _entry = entry;
            read.await
        };
        let reading = reading.boxed().shared();
        under_way.insert(key, reading.clone());
        Found::Reading(reading)
    }
}

impl<K, T> Default for Readings<K, T> {
    fn default() -> Self {
        Self {
            under_way: Arc::default(),
        }
    }
}

impl<K: fmt::Debug, T> fmt::Debug for Readings<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let under_way = self.under_way.lock();
        f.debug_list().entries(under_way.keys()).finish()
    }
}
