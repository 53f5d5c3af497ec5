//! How many bytes of recent events a whole node may remember.
//!
//! Rooms say what they take and give back; whoever waits here for the budget to
//! be exceeded has the rooms that were used least recently give up theirs.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// What one room that nobody is in takes, beside its events, about.
const BYTES_OF_A_ROOM: usize = 1024;

/// One room may take so many parts of the whole.
const SHARE_OF_ONE_ROOM: usize = 8;

/// The budget of one node, shared by its rooms.
#[derive(Debug)]
pub(crate) struct RecentBudget {
    bytes: usize,
    events_per_room: usize,
    used: AtomicUsize,
    exceeded: Notify,
}

impl RecentBudget {
    /// A budget of so many bytes; a room never remembers more than so many
    /// events, since nobody can ask for more.
    pub(crate) fn new(bytes: usize, events_per_room: usize) -> Self {
        Self {
            bytes,
            events_per_room,
            used: AtomicUsize::new(0),
            exceeded: Notify::new(),
        }
    }

    /// How many bytes are in use.
    pub(crate) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// How many bytes are to be given back: some more than what is too much, so
    /// that it need not be done again at once. 0 while the budget is kept.
    pub(crate) fn excess(&self) -> usize {
        match self.used() {
            used if used > self.bytes => used - self.bytes / SHARE_OF_ONE_ROOM * 7,
            _ => 0,
        }
    }

    /// Waits until more is in use than may be.
    pub(crate) async fn until_exceeded(&self) {
        self.exceeded.notified().await;
    }

    /// A room that nobody is in is kept for a while.
    pub(crate) fn take_empty_room(&self) {
        self.take(BYTES_OF_A_ROOM);
    }

    /// It is forgotten, or somebody is in it again.
    pub(crate) fn give_back_empty_room(&self) {
        self.give_back(BYTES_OF_A_ROOM);
    }

    /// Whether one room may have so many bytes of so many events.
    pub(super) fn allows(&self, bytes: usize, events: usize) -> bool {
        bytes <= self.bytes / SHARE_OF_ONE_ROOM && events <= self.events_per_room
    }

    pub(super) fn take(&self, bytes: usize) {
        if self.used.fetch_add(bytes, Ordering::Relaxed) + bytes > self.bytes {
            self.exceeded.notify_one();
        }
    }

    pub(super) fn give_back(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}
