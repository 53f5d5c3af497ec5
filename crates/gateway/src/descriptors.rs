//! How many sockets of clients fit into what this process may open.
//!
//! Without a bound below that limit, accepting fails where it is reached, and
//! with it everybody waits: newcomers, probes, Redis.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// What is kept free for Redis, the operators and files, and as much again for
/// plain HTTP and for those who are refused.
const RESERVED: usize = 64;

/// What is left for clients of the limit of open files.
#[derive(Debug)]
pub(crate) struct Descriptors {
    /// The most sockets that are upgraded.
    pub(crate) for_upgraded: usize,
    /// The most of all kinds.
    for_all: usize,
    /// Sockets whose first bytes are awaited.
    arriving: Arc<AtomicUsize>,
}

/// A socket whose first bytes are awaited, counted as long as this lives.
pub(crate) struct Arriving(Arc<AtomicUsize>);

impl Descriptors {
    /// By the limit of this process, as it is now.
    pub(crate) fn of_process() -> Self {
        let files = rlimit::Resource::NOFILE.get();
        let files = files.map_or(usize::MAX, |(soft, _)| {
            usize::try_from(soft).unwrap_or(usize::MAX)
        });
        Self::of(files)
    }

    fn of(files: usize) -> Self {
        Self {
            for_upgraded: files.saturating_sub(2 * RESERVED).max(1),
            for_all: files.saturating_sub(RESERVED).max(1),
            arriving: Arc::default(),
        }
    }

    /// Counts in a socket that was accepted, where there are so many others;
    /// `None` where no further one fits.
    pub(crate) fn arrive(&self, others: usize) -> Option<Arriving> {
        let before = self.arriving.fetch_add(1, Ordering::Relaxed);
        let counted = Arriving(Arc::clone(&self.arriving));
        (before + others < self.for_all).then_some(counted)
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn something_is_kept_free_whatever_the_limit() {
        for (files, upgraded, all) in [(10, 1, 1), (400, 272, 336), (20_000, 19_872, 19_936)] {
            let descriptors = Descriptors::of(files);
            let found = (descriptors.for_upgraded, descriptors.for_all);
            assert_eq!(found, (upgraded, all), "{files} files");
        }
    }
}
