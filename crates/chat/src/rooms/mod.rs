//! The rooms that this node follows, and what is asked of the store about them.
//!
//! A room itself never asks anybody ([`crate::room`]); here it is seen to that it
//! has what it needs. No guard of the map is held across an await or a second call
//! into the map.

mod heal;
mod lingering;
mod notice_queue;
mod rosters;
mod snapshots;

use std::sync::Arc;

use dashmap::DashMap;
use rookery_protocol::{RoomId, ServerId, UserId, client_frame::MAX_PAGE};
use rookery_store::Store;

use lingering::Lingering;
pub(crate) use lingering::{UsedRoom, run as forget_lingering};
use notice_queue::NoticeQueue;
pub(crate) use notice_queue::run as tell_notices;

use crate::{
    background::Background,
    delivery::{Inboxes, Instruction},
    health::Health,
    limits::Answers,
    metrics::Metrics,
    room::{RecentBudget, Room},
    settings::{Limits, Settings},
};

/// What all rooms of a node work with.
#[derive(Debug)]
pub(crate) struct Rooms {
    pub(crate) server_id: ServerId,
    pub(crate) settings: Arc<Settings>,
    pub(crate) store: Store,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) health: Arc<Health>,
    pub(crate) answers: Arc<Answers>,
    pub(crate) inboxes: Arc<Inboxes>,
    pub(crate) background: Background,
    by_id: DashMap<RoomId, Arc<Room>>,
    lingering: Lingering,
    recent: Arc<RecentBudget>,
    notices: NoticeQueue,
    /// Held by whoever takes fresh pictures of all rooms.
    refreshing: tokio::sync::Mutex<()>,
}

/// What [`Rooms`] are made of.
pub(crate) struct Parts {
    pub(crate) server_id: ServerId,
    pub(crate) settings: Arc<Settings>,
    pub(crate) store: Store,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) health: Arc<Health>,
    pub(crate) answers: Arc<Answers>,
    pub(crate) inboxes: Arc<Inboxes>,
    pub(crate) background: Background,
}

impl Rooms {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts {
            server_id,
            settings,
            store,
            metrics,
            health,
            answers,
            inboxes,
            background,
        } = parts;
        let recent_bytes = settings.rooms.recent_bytes;
        let recent = RecentBudget::new(recent_bytes, events_per_room(&settings.limits));
        Self {
            server_id,
            settings,
            store,
            metrics,
            health,
            answers,
            inboxes,
            background,
            by_id: DashMap::new(),
            lingering: Lingering::default(),
            recent: Arc::new(recent),
            notices: NoticeQueue::default(),
            refreshing: tokio::sync::Mutex::default(),
        }
    }

    /// The room, followed from now on if it was not, until what is given is dropped
    /// and nobody is in it.
    pub(crate) fn follow(self: &Arc<Self>, id: &RoomId) -> UsedRoom {
        UsedRoom::new(self, self.room(id))
    }

    fn room(&self, id: &RoomId) -> Arc<Room> {
        if let Some(room) = self.followed(id) {
            return room;
        }
        let make = || Arc::new(Room::new(id.clone(), Arc::clone(&self.recent)));
        let room = Arc::clone(&self.by_id.entry(id.clone()).or_insert_with(make));
        self.metrics.rooms.set(self.by_id.len() as i64);
        room
    }

    /// The room, if it is followed.
    pub(crate) fn followed(&self, id: &RoomId) -> Option<Arc<Room>> {
        self.by_id.get(id).map(|room| Arc::clone(&room))
    }

    /// The same by a name that has not been checked.
    pub(crate) fn followed_by_name(&self, name: &str) -> Option<Arc<Room>> {
        self.by_id.get(name).map(|room| Arc::clone(&room))
    }

    /// A user is a member of a room no more, of which its log says nothing.
    pub(crate) fn left(&self, room: &RoomId, user: &UserId) {
        self.inboxes.give_all(|| Instruction::Left {
            room: room.clone(),
            user: user.clone(),
        });
    }

    /// A room is gone with everything in it.
    pub(crate) fn give_up(&self, room: &RoomId) {
        if let Some(room) = self.followed(room) {
            room.give_up(&self.inboxes);
        }
    }

    /// All rooms that are followed now.
    pub(crate) fn all_followed(&self) -> Vec<Arc<Room>> {
        self.by_id.iter().map(|room| Arc::clone(&room)).collect()
    }

    /// Takes a room out that nobody is in and nobody holds but the caller. False
    /// where somebody does.
    fn remove_unused(&self, room: &Arc<Room>) -> bool {
        // Under the map's lock nobody can take hold of the room meanwhile.
        let unused = |_: &_, other: &Arc<Room>| {
            Arc::ptr_eq(room, other) && Arc::strong_count(room) == 2 && room.is_idle()
        };
        let removed = self.by_id.remove_if(&room.id, unused);
        if removed.is_some() {
            self.metrics.rooms.set(self.by_id.len() as i64);
        }
        removed.is_some()
    }
}

/// As many as can be asked for.
fn events_per_room(limits: &Limits) -> usize {
    match limits.catch_up {
        0 => usize::MAX,
        most => usize::try_from(most).map_or(usize::MAX, |most| most.max(MAX_PAGE as usize)),
    }
}
