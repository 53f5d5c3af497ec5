//! Whether this node may be given traffic.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use parking_lot::Mutex;

/// What `/readyz` depends on. Shared by all threads.
#[derive(Debug, Default)]
pub struct Readiness {
    store_up: AtomicBool,
    store_read_only: AtomicBool,
    bus_up: AtomicBool,
    draining: AtomicBool,
    spell: Mutex<Spell>,
}

/// For how long store and channel are both there, or not.
#[derive(Debug)]
struct Spell {
    connected: bool,
    since: Instant,
}

impl Default for Spell {
    fn default() -> Self {
        Self {
            connected: false,
            since: Instant::now(),
        }
    }
}

impl Readiness {
    /// Whether the store answers. Returns what was so before.
    pub fn set_store_up(&self, up: bool) -> bool {
        let before = self.store_up.swap(up, Ordering::Relaxed);
        self.note_change();
        before
    }

    /// Whether the store refuses to write. Returns what was so before.
    pub fn set_store_read_only(&self, read_only: bool) -> bool {
        self.store_read_only.swap(read_only, Ordering::Relaxed)
    }

    /// Whether the store answers.
    pub fn is_store_up(&self) -> bool {
        self.store_up.load(Ordering::Relaxed)
    }

    /// Whether the store answers and writes.
    pub fn is_store_writable(&self) -> bool {
        self.is_store_up() && !self.store_read_only.load(Ordering::Relaxed)
    }

    /// Whether the shared channel answers. Returns what was so before.
    pub fn set_bus_up(&self, up: bool) -> bool {
        let before = self.bus_up.swap(up, Ordering::Relaxed);
        self.note_change();
        before
    }

    fn note_change(&self) {
        let mut spell = self.spell.lock();
        let connected = self.store_up.load(Ordering::Relaxed) && self.is_bus_up();
        if connected != spell.connected {
            *spell = Spell {
                connected,
                since: Instant::now(),
            };
        }
    }

    /// For how long store and channel have been there, if they are.
    pub fn connected_for(&self) -> Option<Duration> {
        let spell = self.spell.lock();
        spell.connected.then(|| spell.since.elapsed())
    }

    /// For how long one of them has been missing, if it is.
    pub fn away_for(&self) -> Option<Duration> {
        let spell = self.spell.lock();
        (!spell.connected).then(|| spell.since.elapsed())
    }

    /// Whether the shared channel answers.
    pub fn is_bus_up(&self) -> bool {
        self.bus_up.load(Ordering::Relaxed)
    }

    /// From now on the node only ends.
    pub fn set_draining(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Whether the node is about to stop.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// What stands in the way of traffic, in words; nothing where the node is ready.
    pub fn missing(&self) -> Vec<&'static str> {
        let store_up = self.is_store_up();
        let said = [
            (self.is_draining(), "draining"),
            (!store_up, "the store does not answer"),
            (
                store_up && !self.is_store_writable(),
                "the store refuses to write",
            ),
            (!self.is_bus_up(), "the shared channel does not answer"),
        ];
        said.into_iter()
            .filter(|(so, _)| *so)
            .map(|(_, words)| words)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_must_be_well() {
        let readiness = Readiness::default();
        assert_eq!(readiness.missing().len(), 2);
        assert!(!readiness.set_store_up(true));
        assert!(readiness.away_for().is_some() && readiness.connected_for().is_none());
        readiness.set_bus_up(true);
        assert!(readiness.missing().is_empty());
        assert!(readiness.is_store_writable());
        readiness.set_store_read_only(true);
        assert_eq!(readiness.missing(), ["the store refuses to write"]);
        readiness.set_store_up(false);
        assert_eq!(readiness.missing(), ["the store does not answer"]);
        assert!(!readiness.is_store_writable(), "not that anybody knows");
        readiness.set_store_up(true);
        assert!(readiness.set_store_read_only(false), "still so");
        assert!(readiness.away_for().is_none() && readiness.connected_for().is_some());
        readiness.set_draining();
        assert_eq!(readiness.missing(), ["draining"]);
    }
}
