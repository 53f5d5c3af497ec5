//! Rooms that somebody deleted a while ago: who still knows of one does not make it again by
//! that. In memory alone, since whoever knew of them is gone with it.

use std::time::{Duration, Instant};

use dashmap::DashMap;
use rookery_protocol::RoomId;

/// For how long it is remembered: nobody knows of a room for longer without asking for it.
const REMEMBERED_FOR: Duration = Duration::from_secs(24 * 3600);

/// When which rooms were deleted.
#[derive(Debug, Default)]
pub(super) struct Deleted(DashMap<RoomId, Instant>);

impl Deleted {
    pub(super) fn note(&self, room: RoomId) {
        self.0.retain(|_, since| since.elapsed() < REMEMBERED_FOR);
        self.0.insert(room, Instant::now());
    }

    pub(super) fn has(&self, room: &RoomId) -> bool {
        let since = self.0.get(room);
        since.is_some_and(|since| since.elapsed() < REMEMBERED_FOR)
    }

    /// Somebody makes it anew.
    pub(super) fn forget(&self, room: &RoomId) {
        self.0.remove(room);
    }
}
