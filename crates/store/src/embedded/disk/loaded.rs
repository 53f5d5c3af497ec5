//! How much of the folder is in memory: counted while it is.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// The bytes of all rooms that were read and are in memory.
#[derive(Debug, Clone, Default)]
pub(super) struct AllLoaded(Arc<AtomicUsize>);

/// Those of one, counted until this is dropped.
#[derive(Debug)]
pub(super) struct Loaded {
    bytes: usize,
    all: AllLoaded,
}

impl AllLoaded {
    pub(super) fn count(&self, bytes: usize) -> Loaded {
        self.0.fetch_add(bytes, Ordering::Relaxed);
        Loaded {
            bytes,
            all: self.clone(),
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for Loaded {
    fn drop(&mut self) {
        self.all.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
