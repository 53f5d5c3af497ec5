//! Turns at what a session does in a room with the store: a `join` behind a `leave` begins
//! when that is done, and the other way round, so that the list of rooms ends as the last
//! command says. Nothing here waits for a client.

use std::sync::Arc;

use dashmap::DashMap;
use rookery_protocol::RoomId;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// The random number of a session, and a room.
type Key = (u64, RoomId);

/// The turns that are taken or waited for.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    locks: DashMap<Key, Arc<Mutex<()>>>,
}

/// A turn. The next one begins when it is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    // In this order: who lets go of the lock looks whether others wait for it.
    _held: OwnedMutexGuard<()>,
    _place: Place,
}

/// A place among those who want a turn.
#[derive(Debug)]
struct Place {
    turns: Arc<Turns>,
    key: Key,
    lock: Arc<Mutex<()>>,
}

impl Turns {
    /// Waits for those who asked before; the first poll is what counts.
    pub(crate) async fn take(self: Arc<Self>, session: u64, room: RoomId) -> Turn {
        let key = (session, room);
        let lock = Arc::clone(&self.locks.entry(key.clone()).or_default());
        let place = Place {
            turns: self,
            key,
            lock,
        };
        let held = Arc::clone(&place.lock).lock_owned().await;
        Turn {
            _held: held,
            _place: place,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // The map's own and this one: nobody else wants it.
        let only_here = |_: &Key, lock: &Arc<Mutex<()>>| Arc::strong_count(lock) == 2;
        self.turns.locks.remove_if(&self.key, only_here);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, poll};

    use super::*;

    fn take(turns: &Arc<Turns>, session: u64, room: &str) -> impl Future<Output = Turn> + use<> {
        Arc::clone(turns).take(session, RoomId::new(room).unwrap())
    }

    #[tokio::test]
    async fn a_turn_begins_behind_those_before_it() {
        let turns = Arc::new(Turns::default());
        let first = take(&turns, 1, "a").now_or_never().unwrap();
        let (mut second, mut third) = (
            Box::pin(take(&turns, 1, "a")),
            Box::pin(take(&turns, 1, "a")),
        );
        assert!(poll!(&mut second).is_pending());
        assert!(poll!(&mut third).is_pending());
        let others = [take(&turns, 2, "a"), take(&turns, 1, "b")].map(FutureExt::now_or_never);
        assert!(others.iter().all(Option::is_some));
        drop(first);
        assert!(poll!(&mut third).is_pending());
        let second = second.now_or_never().unwrap();
        drop(second);
        assert!(third.now_or_never().is_some());
    }

    #[tokio::test]
    async fn nothing_is_left_of_turns_that_are_over_or_not_waited_for() {
        let turns = Arc::new(Turns::default());
        let first = take(&turns, 1, "a").await;
        let mut second = Box::pin(take(&turns, 1, "a"));
        assert!(poll!(&mut second).is_pending());
        drop(second);
        assert_eq!(turns.locks.len(), 1);
        drop(first);
        assert!(turns.locks.is_empty());
    }
}
