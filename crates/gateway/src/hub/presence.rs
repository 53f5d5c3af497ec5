//! Telling the store who is here: a write per user and node, and one lease.
//!
//! What the store is to be told waits as the state that is wanted, one per user
//! and room, so that it is bounded, coming and going in quick turn costs
//! nothing, and a store that was away gets what is true when it is back.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use rookery_protocol::{RoomId, User, UserId};
use rookery_store::{Lease, PresenceChange};
use tokio::sync::Notify;

use super::Hub;

/// How many changes are told at once.
const AT_ONCE: usize = 512;

/// How long to wait before a store that is away is told again.
const RETRY: Duration = Duration::from_millis(250);

/// What the store is still to be told.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    wanted: HashMap<(RoomId, UserId), (User, bool)>,
    /// Users whose last session was lost, and since when.
    lost: HashMap<(RoomId, UserId), (User, Instant)>,
    /// The same in the order in which their time is up; an entry that is no
    /// longer among the lost, or was lost again later, says nothing.
    grace: VecDeque<(Instant, RoomId, UserId)>,
}

impl Presence {
    /// The user has a session in the room here.
    pub(crate) fn came(&self, room: &RoomId, user: &User) {
        self.want(room, user, true);
    }

    /// The user left the room on purpose.
    pub(crate) fn left(&self, room: &RoomId, user: &User) {
        self.want(room, user, false);
    }

    /// The user's last session in the room here was lost; it may come back, here or elsewhere.
    pub(crate) fn lost(&self, room: &RoomId, user: &User) {
        let now = Instant::now();
        let mut state = self.state.lock();
        state
            .lost
            .insert((room.clone(), user.id.clone()), (user.clone(), now));
        state.grace.push_back((now, room.clone(), user.id.clone()));
        let first = state.grace.len() == 1;
        drop(state);
        if first {
            self.changed.notify_one();
        }
    }

    fn want(&self, room: &RoomId, user: &User, online: bool) {
        let key = (room.clone(), user.id.clone());
        let mut state = self.state.lock();
        state.lost.remove(&key);
        state.wanted.insert(key, (user.clone(), online));
        let first = state.wanted.len() == 1;
        drop(state);
        if first {
            self.changed.notify_one();
        }
    }

    /// Whoever was lost for the grace time is gone.
    fn end_grace(&self, grace: Duration) {
        let mut state = self.state.lock();
        let due = state
            .grace
            .iter()
            .take_while(|(since, ..)| since.elapsed() >= grace)
            .count();
        let State {
            wanted,
            lost,
            grace,
        } = &mut *state;
        for (since, room, user) in grace.drain(..due) {
            let key = (room, user);
            if lost.get(&key).is_some_and(|(_, last)| *last == since)
                && let Some((user, _)) = lost.remove(&key)
            {
                wanted.insert(key, (user, false));
            }
        }
    }

    fn next_end_of_grace(&self, grace: Duration) -> Option<Duration> {
        let state = self.state.lock();
        state
            .grace
            .front()
            .map(|(since, ..)| grace.saturating_sub(since.elapsed()))
    }

    fn take_some(&self) -> Vec<PresenceChange> {
        let mut state = self.state.lock();
        let keys: Vec<_> = state.wanted.keys().take(AT_ONCE).cloned().collect();
        keys.into_iter()
            .filter_map(|key| {
                let (user, online) = state.wanted.remove(&key)?;
                Some(PresenceChange {
                    room: key.0,
                    user,
                    online,
                })
            })
            .collect()
    }

    /// Puts back what could not be told, unless something newer is wanted.
    fn put_back(&self, changes: Vec<PresenceChange>) {
        let mut state = self.state.lock();
        for PresenceChange { room, user, online } in changes {
            state
                .wanted
                .entry((room, user.id.clone()))
                .or_insert((user, online));
        }
    }
}

/// Tells the store for as long as the node lives.
pub(super) async fn run_changes(hub: Arc<Hub>) {
    let grace = Duration::from_millis(hub.settings.presence.grace_ms);
    loop {
        let changed = hub.presence.changed.notified();
        match hub.presence.next_end_of_grace(grace) {
            // Whether it changed or the time is up, both are looked at below.
            Some(wait) => drop(tokio::time::timeout(wait, changed).await),
            None => changed.await,
        }
        hub.presence.end_grace(grace);
        hub.tell_presence().await;
    }
}

/// Keeps the node's lease and looks after nodes that let theirs run out.
pub(super) async fn run_lease(hub: Arc<Hub>) {
    let mut times = tokio::time::interval(Duration::from_millis(
        (hub.settings.presence.lease_ms / 3).max(100),
    ));
    times.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut first = true;
    loop {
        times.tick().await;
        match hub.store.renew_lease().await {
            Ok(Lease::Kept) => {}
            Ok(Lease::Fresh) => {
                if !std::mem::take(&mut first) {
                    tracing::warn!("the lease had run out; telling the store again who is here");
                }
                hub.tell_everybody_again();
            }
            Err(error) => tracing::debug!(%error, "the lease was not renewed"),
        }
        match hub.store.sweep_dead_nodes().await {
            Ok(dead) => dead.iter().for_each(|node| tracing::warn!(%node, "a node is gone; its users are no longer online there")),
            Err(error) => tracing::debug!(%error, "dead nodes were not looked for"),
        }
    }
}

impl Hub {
    async fn tell_presence(&self) {
        loop {
            let changes = self.presence.take_some();
            if changes.is_empty() {
                return;
            }
            if let Err(error) = self.store.change_presence(&changes).await {
                tracing::debug!(%error, "presence was not told; trying again");
                self.presence.put_back(changes);
                tokio::time::sleep(RETRY).await;
            }
        }
    }

    /// The store may have forgotten who is here.
    fn tell_everybody_again(&self) {
        for room in self.followed_rooms() {
            for user in room.local_users() {
                self.presence.came(&room.id, &user);
            }
        }
    }
}
