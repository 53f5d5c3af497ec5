//! Lets go of what is over in rooms that nobody touches any more.
//!
//! Only rooms whose time has come are looked at: each stands in the agenda
//! with the next moment at which it has something to let go of.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    sync::{Arc, Weak},
    time::Duration,
};

use parking_lot::Mutex;
use rookery_protocol::RoomId;
use tokio::time::MissedTickBehavior;

use super::{Shared, clock::Now, room::StoredRoom};
use crate::Supervisor;

/// How often the agenda is looked at. Readers see nothing of it: they filter
/// for themselves what is over.
const PERIOD: Duration = Duration::from_millis(500);

/// Which room is to be looked at when.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    soonest_first: Mutex<BinaryHeap<Reverse<(u64, RoomId)>>>,
}

impl Agenda {
    /// Enters a room, unless it stands there already for as early a time.
    pub(super) fn enter(&self, id: &RoomId, room: &mut StoredRoom, now: Now) {
        let Some(due) = room.next_due(now) else {
            return;
        };
        if room.sweep_at.is_none_or(|at| due < at) {
            room.sweep_at = Some(due);
            self.soonest_first.lock().push(Reverse((due, id.clone())));
        }
    }

    /// Takes out what is due.
    fn take_due(&self, now: u64) -> Vec<(u64, RoomId)> {
        let mut soonest_first = self.soonest_first.lock();
        let mut due = Vec::new();
        while soonest_first
            .peek()
            .is_some_and(|Reverse((at, _))| *at <= now)
        {
            due.extend(soonest_first.pop().map(|Reverse(entry)| entry));
        }
        due
    }
}

impl Shared {
    /// Lets go of everything that is over at `now`.
    pub(super) fn sweep(&self, now: Now) {
        for (due, id) in self.agenda.take_due(now.wall) {
            let Some(mut room) = self.rooms.get_mut(&id) else {
                continue;
            };
            if room.sweep_at != Some(due) {
                // It was entered again for an earlier time, and that entry counts.
                continue;
            }
            room.sweep_at = None;
            room.forget_old(now);
            self.agenda.enter(&id, &mut room, now);
            drop(room);
            self.rooms.remove_if(&id, |_, room| room.is_over(now));
        }
    }
}

/// Sweeps until the last handle of the engine is gone.
pub(super) fn spawn(shared: &Arc<Shared>, supervisor: &Supervisor) {
    tokio::spawn(supervisor.endless("embedded sweep", run(Arc::downgrade(shared))));
}

async fn run(shared: Weak<Shared>) {
    let mut ticks = tokio::time::interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(shared) = shared.upgrade() else {
            return;
        };
        shared.sweep(Now::read());
    }
}
