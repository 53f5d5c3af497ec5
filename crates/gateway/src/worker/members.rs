//! The connections that are in a room: an array that is walked for each batch, and
//! a table to find one of them by its key.
//!
//! The table holds places alone, since each connection knows its key: half of what a
//! map would take, of which there is one for each room that each connection is in.

use std::rc::Rc;

use hashbrown::HashTable;
use rookery_chat::delivery::ConnectionKey;
use slotmap::Key;

use super::Connection;

/// Fewer than these are given no more memory than they need: most rooms are small ones.
const FEW: usize = 32;
const GROWTH: usize = 2;

#[derive(Default)]
pub(super) struct Members {
    connections: Vec<Rc<Connection>>,
    places: HashTable<u32>,
}

/// Keys are numbers that were given out one after the other: spread by a multiplication
/// with the golden ratio (Knuth, TAOCP 3, 6.4), whose upper half depends on all of them.
fn hash(key: ConnectionKey) -> u64 {
    let spread = key.data().as_ffi().wrapping_mul(0x9e37_79b9_7f4a_7c15);
    spread ^ (spread >> 32)
}

impl Members {
    pub(super) fn len(&self) -> usize {
        self.connections.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.connections.is_empty()
    }

    /// All of them, each at its place.
    pub(super) fn all(&self) -> &[Rc<Connection>] {
        &self.connections
    }

    /// Where a connection stands, if it is here.
    pub(super) fn place_of(&self, key: ConnectionKey) -> Option<usize> {
        let is_it = |place: &u32| self.connections[*place as usize].key == key;
        self.places
            .find(hash(key), is_it)
            .map(|place| *place as usize)
    }

    /// Adds one, unless it is here.
    pub(super) fn insert(&mut self, connection: Rc<Connection>) {
        if self.place_of(connection.key).is_some() {
            return;
        }
        let place = self.connections.len() as u32;
        let hash_at = |place: &u32| hash(self.connections[*place as usize].key);
        self.places
            .insert_unique(hash(connection.key), place, hash_at);
        if self.connections.len() == self.connections.capacity() && self.connections.len() < FEW {
            self.connections.reserve_exact(GROWTH);
        }
        self.connections.push(connection);
    }

    /// Takes one out; the last takes its place.
    pub(super) fn remove(&mut self, key: ConnectionKey) {
        let Self {
            connections,
            places,
        } = self;
        let is_it = |place: &u32| connections[*place as usize].key == key;
        let Ok(entry) = places.find_entry(hash(key), is_it) else {
            return;
        };
        let (place, _) = entry.remove();
        let last = connections.len() as u32 - 1;
        if place != last {
            let moved = hash(connections[last as usize].key);
            if let Some(of_last) = places.find_mut(moved, |place| *place == last) {
                *of_last = place;
            }
        }
        connections.swap_remove(place as usize);
    }
}
