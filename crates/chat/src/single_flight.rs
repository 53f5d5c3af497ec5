//! Questions to the store, each asked once for all who wait for the same answer.
//!
//! A thousand clients that come at once ask once. Whoever waits gets the
//! outcome, an error as well; whoever comes after it asks anew. A flight takes
//! itself out of the list, however it ends.

use std::{
    fmt,
    sync::{Arc, Weak},
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use parking_lot::Mutex;

/// A question that several may wait for.
pub(crate) type Flight<T> = Shared<BoxFuture<'static, T>>;

/// What is being asked, by its key.
pub(crate) struct SingleFlight<K, T> {
    under_way: Arc<UnderWay<K, T>>,
}

/// Few are under way at a time: whatever a room is asked for by all who come in.
type UnderWay<K, T> = Mutex<Vec<(K, Flight<T>)>>;

/// What there is for somebody who asks.
pub(crate) enum Lookup<A, T> {
    /// It is known already.
    Known(A),
    /// It is being asked.
    InFlight(Flight<T>),
}

/// Takes a flight out of the list when it ends: with an outcome, by a panic,
/// or because it was dropped.
struct Entry<K: Eq, T: Clone> {
    /// Weak, since the list holds the flight that holds this.
    under_way: Weak<UnderWay<K, T>>,
    key: K,
}

impl<K: Eq, T: Clone> Drop for Entry<K, T> {
    fn drop(&mut self) {
        let Some(under_way) = self.under_way.upgrade() else {
            return;
        };
        let mut under_way = under_way.lock();
        let place = under_way.iter().position(|(key, _)| *key == self.key);
        let flight = place.map(|place| under_way.remove(place));
        if under_way.is_empty() {
            *under_way = Vec::new();
        }
        // It may be the last one that holds the flight.
        drop(under_way);
        drop(flight);
    }
}

impl<K, T> SingleFlight<K, T>
where
    K: Eq + Clone + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    /// What `known` gives; else the flight of this key, or while `patient` any
    /// that is under way; else a new one. A flight has to put what it brings
    /// where `known` finds it before it gives its outcome.
    pub(crate) fn find<A>(
        &self,
        key: K,
        patient: bool,
        known: impl FnOnce() -> Option<A>,
        ask: impl Future<Output = T> + Send + 'static,
    ) -> Lookup<A, T> {
        let mut under_way = self.under_way.lock();
        if let Some(known) = known() {
            return Lookup::Known(known);
        }
        let fits = |(other, _): &&(K, Flight<T>)| patient || *other == key;
        if let Some((_, flight)) = under_way.iter().find(fits) {
            return Lookup::InFlight(flight.clone());
        }
        let entry = Entry {
            under_way: Arc::downgrade(&self.under_way),
            key: key.clone(),
        };
        let flight = async move {
            let _entry = entry;
            ask.await
        };
        let flight = flight.boxed().shared();
        under_way.push((key, flight.clone()));
        Lookup::InFlight(flight)
    }
}

impl<K, T> Default for SingleFlight<K, T> {
    fn default() -> Self {
        Self {
            under_way: Arc::default(),
        }
    }
}

impl<K: fmt::Debug, T> fmt::Debug for SingleFlight<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let under_way = self.under_way.lock();
        let keys = under_way.iter().map(|(key, _)| key);
        f.debug_list().entries(keys).finish()
    }
}
