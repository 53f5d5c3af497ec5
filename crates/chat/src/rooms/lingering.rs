//! Rooms that nobody here is in any more, followed for a while longer, and the
//! bytes that all rooms may remember.
//!
//! Where everybody drops at once, everybody is back a moment later: then their
//! rooms still know what happened meanwhile. What is kept goes away by itself,
//! after its time or as soon as the bytes are needed.

use std::{
    collections::VecDeque,
    ops::Deref,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use rookery_protocol::RoomId;

use super::Rooms;
use crate::room::Room;

/// How exact the time is.
const TICK: Duration = Duration::from_secs(1);

/// The rooms that nobody is in, in the order in which they were left.
#[derive(Debug, Default)]
pub(super) struct Lingering {
    queue: Mutex<VecDeque<(Instant, RoomId)>>,
}

impl Lingering {
    fn push(&self, room: RoomId) {
        self.queue.lock().push_back((Instant::now(), room));
    }

    fn len(&self) -> usize {
        self.queue.lock().len()
    }

    /// The room that was left longest ago, where that is at least `age` ago.
    fn pop(&self, age: Duration) -> Option<RoomId> {
        let mut queue = self.queue.lock();
        let (since, _) = queue.front()?;
        if since.elapsed() < age {
            return None;
        }
        queue.pop_front().map(|(_, room)| room)
    }
}

/// A room while something is done with it. Afterwards it is forgotten, if nobody
/// is in it, however that ended.
pub(crate) struct UsedRoom {
    rooms: Arc<Rooms>,
    room: Arc<Room>,
}

impl UsedRoom {
    pub(crate) fn new(rooms: &Arc<Rooms>, room: Arc<Room>) -> Self {
        let rooms = Arc::clone(rooms);
        Self { rooms, room }
    }
}

impl Deref for UsedRoom {
    type Target = Arc<Room>;

    fn deref(&self) -> &Arc<Room> {
        &self.room
    }
}

impl Drop for UsedRoom {
    fn drop(&mut self) {
        self.rooms.forget_if_idle(&self.room);
    }
}

/// Looks after both for as long as the node lives.
pub(crate) async fn run(rooms: Arc<Rooms>) {
    let keep = Duration::from_millis(rooms.settings.rooms.linger_ms);
    let mut times = tokio::time::interval(TICK);
    times.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = times.tick() => {}
            () = rooms.recent.until_exceeded() => rooms.keep_recent_budget(),
        }
        // Each at most once: who is held by somebody stands in the list again.
        for _ in 0..rooms.lingering.len() {
            let Some(room) = rooms.lingering.pop(keep) else {
                break;
            };
            rooms.forget_lingering(&room, keep);
        }
        rooms.metrics.recent_bytes.set(rooms.recent.used() as i64);
    }
}

impl Rooms {
    /// Forgets a room where nobody is in it: after its time, or if it was never
    /// followed as soon as nobody else uses it.
    pub(crate) fn forget_if_idle(&self, room: &Arc<Room>) {
        if !room.is_idle() {
            return;
        }
        if room.position().is_none() && self.remove_unused(room) {
            return;
        }
        if room.begin_to_linger() {
            self.recent.take_empty_room();
            self.lingering.push(room.id.clone());
        }
    }

    /// The time of a room is up, unless somebody was there since.
    fn forget_lingering(&self, id: &RoomId, keep: Duration) {
        self.recent.give_back_empty_room();
        let Some(room) = self.followed(id) else {
            return;
        };
        let left_before = room.end_lingering().is_some_and(|age| age >= keep);
        // Where it cannot be removed, somebody looks at it just now.
        if !left_before || !self.remove_unused(&room) {
            self.forget_if_idle(&room);
        }
    }

    /// Has rooms give up what they remember until the budget is kept: first
    /// those that nobody is in, then those where nothing happened for longest.
    fn keep_recent_budget(&self) {
        for _ in 0..self.lingering.len() {
            if self.recent.excess() == 0 {
                return;
            }
            if let Some(room) = self.lingering.pop(Duration::ZERO) {
                self.forget_lingering(&room, Duration::ZERO);
            }
        }
        let excess = self.recent.excess();
        if excess == 0 {
            return;
        }
        let rooms = self.all_followed().into_iter();
        let mut rooms: Vec<_> = rooms.map(|room| (room.usage(), room)).collect();
        rooms.sort_by_key(|((used, _), _)| *used);
        let mut freed = 0;
        for ((_, bytes), room) in rooms {
            if freed >= excess {
                return;
            }
            room.forget_events();
            freed += bytes;
        }
    }
}
