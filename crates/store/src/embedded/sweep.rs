//! Lets go of what is over in rooms that nobody touches any more.
//!
//! Only rooms whose time has come are looked at: each stands in the agenda
//! with the next moment at which it has something to let go of.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    sync::{Arc, Weak},
    time::Duration,
};

use parking_lot::Mutex;
use rookery_protocol::RoomId;
use tokio::time::MissedTickBehavior;

use super::{Shared, clock::Now, kept_rooms::KeptRooms, room::StoredRoom};
use crate::Supervisor;

/// How often the agenda is looked at. Readers see nothing of it: they filter
/// for themselves what is over.
const PERIOD: Duration = Duration::from_millis(500);

/// Which room is to be looked at when.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    dates: Mutex<Dates>,
}

#[derive(Debug, Default)]
struct Dates {
    soonest_first: BinaryHeap<Reverse<(u64, RoomId)>>,
    /// For when those rooms stand there that were not in memory when they were entered: so
    /// that one that comes and goes for days does not stand there once for each time.
    kept: HashMap<RoomId, u64>,
}

impl Agenda {
    /// Enters a room, unless it stands there already for as early a time.
    pub(super) fn enter(&self, id: &RoomId, room: &mut StoredRoom, now: Now) {
        let Some(due) = room.next_due(now) else {
            return;
        };
        if room.sweep_at.is_none_or(|at| due < at) {
            room.sweep_at = Some(due);
            let mut dates = self.dates.lock();
            dates.soonest_first.push(Reverse((due, id.clone())));
        }
    }

    /// Enters a room that is not in memory, unless it stands there for as early a time.
    pub(super) fn enter_kept(&self, id: &RoomId, due: u64) {
        let mut dates = self.dates.lock();
        if dates.kept.get(id).is_none_or(|at| due < *at) {
            dates.kept.insert(id.clone(), due);
            dates.soonest_first.push(Reverse((due, id.clone())));
        }
    }

    /// Takes out what is due.
    fn take_due(&self, now: u64) -> Vec<(u64, RoomId)> {
        let Dates {
            soonest_first,
            kept,
        } = &mut *self.dates.lock();
        let mut due = Vec::new();
        while soonest_first
            .peek()
            .is_some_and(|Reverse((at, _))| *at <= now)
            && let Some(Reverse((at, id))) = soonest_first.pop()
        {
            if kept.get(&id) == Some(&at) {
                kept.remove(&id);
            }
            due.push((at, id));
        }
        due
    }
}

impl Shared {
    /// Lets go of everything that is over at `now`.
    pub(super) fn sweep(&self, now: Now) {
        for (due, id) in self.agenda.take_due(now.wall) {
            let _step = self.step();
            let Some(mut room) = self.rooms.get_mut(&id) else {
                self.look_at_kept(&id, now);
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
            self.rooms.remove_if_mut(&id, |_, room| {
                if room.is_over(now) {
                    self.note_removed(&id, room);
                    return true;
                }
                self.lets_go(&id, room, now)
            });
        }
    }
}

/// Sweeps until the last handle of the engine is gone.
pub(super) fn spawn(shared: &Arc<Shared>, supervisor: &Supervisor) {
    tokio::spawn(supervisor.endless("embedded sweep", run(Arc::downgrade(shared))));
}

/// How often it is looked whose memberships nobody asks for.
const MEMBERS_EVERY: u32 = 120;

async fn run(shared: Weak<Shared>) {
    let mut kept = KeptRooms::default();
    let mut ticks_seen = 0_u32;
    let mut ticks = tokio::time::interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(shared) = shared.upgrade() else {
            return;
        };
        shared.sweep(Now::read());
        shared.relieve(Now::read());
        shared.walk(&mut kept, Now::read());
        ticks_seen = ticks_seen.wrapping_add(1);
        if ticks_seen.is_multiple_of(MEMBERS_EVERY) {
            shared.memberships.forget_idle();
            shared.persons.forget_written();
            shared.codes.forget_written();
            shared.documents.forget_written();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_that_comes_and_goes_stands_there_once() {
        let (agenda, id) = (Agenda::default(), RoomId::new("a").unwrap());
        for due in (100..200).chain([50]) {
            agenda.enter_kept(&id, due);
        }
        assert_eq!(agenda.dates.lock().soonest_first.len(), 2);
        assert_eq!(agenda.take_due(50), [(50, id.clone())]);
        agenda.enter_kept(&id, 300);
        assert_eq!(agenda.take_due(1000).len(), 2);
        assert!(agenda.dates.lock().kept.is_empty());
    }
}
