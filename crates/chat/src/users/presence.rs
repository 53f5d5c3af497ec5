//! Telling the store who is here: a write per user and node.
//!
//! Here waits only whom the store is to be told of, one entry per user and room.
//! Whether they are there is looked up in the room when it is told: so what
//! waits is bounded, coming and going in quick turn costs nothing, two threads
//! cannot tell it in the wrong order, and a store that was away hears what is
//! true when it is back.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use parking_lot::{Mutex, MutexGuard};
use rookery_protocol::{RoomId, User, UserId};
use rookery_store::{PresenceChange, StoreError};
use tokio::sync::{Notify, watch};

use crate::rooms::Rooms;

/// How many changes are told at once.
const AT_ONCE: usize = 512;

/// How long more is collected where there was something to tell twice within
/// that time. Who comes after a quiet time is told of at once; where thousands
/// come, few of them wake this loop, and the store hears of many together.
const PAUSE: Duration = Duration::from_millis(20);

/// How long to wait before a store that is away is told again.
const RETRY: Duration = Duration::from_millis(250);

/// What the store is still to be told.
#[derive(Debug)]
pub struct Presence {
    pub(super) rooms: Arc<Rooms>,
    /// For how long whoever was lost may come back.
    grace: Duration,
    state: Mutex<PresenceState>,
    work: Notify,
    /// The store is to be told of everybody anew.
    everybody: AtomicBool,
    /// The store wants the lease to be renewed before it hears more.
    lease_lost: Notify,
    stage: watch::Sender<Stage>,
}

/// How far presence has come on its way to the end of the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Telling,
    /// What is known now is told, and nothing after that.
    LastWords,
    /// All is told that is to be told.
    Told,
    /// The lease is given up.
    Ended,
}

type Place = (RoomId, UserId);

#[derive(Debug, Default)]
struct PresenceState {
    /// Who came or went since the store was last told of them.
    waiting: HashMap<Place, User>,
    /// Users whose last session was lost, and since when: they count as there
    /// until their grace time is up.
    lost: HashMap<Place, (User, Instant)>,
    /// The same in the order in which their time is up; an entry that is no
    /// longer among the lost, or was lost again later, says nothing.
    grace: VecDeque<(Instant, Place)>,
}

impl Presence {
    /// Nobody is here yet.
    pub(crate) fn new(rooms: Arc<Rooms>) -> Self {
        Self {
            grace: Duration::from_millis(rooms.settings.presence.grace_ms),
            rooms,
            state: Mutex::default(),
            work: Notify::default(),
            everybody: AtomicBool::default(),
            lease_lost: Notify::default(),
            stage: watch::Sender::new(Stage::Telling),
        }
    }

    /// The user came into the room here. Whoever comes back within their grace
    /// time was never gone: there is nothing to tell.
    pub(crate) fn came(&self, room: &RoomId, user: &User) {
        let place = (room.clone(), user.id.clone());
        let mut state = self.state.lock();
        let lost = state.lost.remove(&place);
        if lost.is_none_or(|(before, _)| before != *user) {
            self.tell(state, place, user);
        }
    }

    /// The user left the room here on purpose.
    pub(crate) fn left(&self, room: &RoomId, user: &User) {
        let place = (room.clone(), user.id.clone());
        let mut state = self.state.lock();
        state.lost.remove(&place);
        // By the name of whoever came meanwhile.
        let user = state.waiting.remove(&place).unwrap_or_else(|| user.clone());
        self.tell(state, place, &user);
    }

    /// The store is to be told of everybody anew.
    pub(super) fn tell_everybody_again(&self) {
        self.everybody.store(true, Ordering::Relaxed);
        self.work.notify_one();
    }

    /// Of these, who are here, and of those who are in their grace time.
    fn tell_of(&self, here: Vec<(RoomId, User)>) {
        let mut state = self.state.lock();
        let PresenceState { waiting, lost, .. } = &mut *state;
        waiting.extend(
            lost.iter()
                .map(|(place, (user, _))| (place.clone(), user.clone())),
        );
        let places = here.into_iter();
        waiting.extend(places.map(|(room, user)| ((room, user.id.clone()), user)));
    }

    fn tell(&self, mut state: MutexGuard<'_, PresenceState>, place: Place, user: &User) {
        state.waiting.insert(place, user.clone());
        let first = state.waiting.len() == 1;
        drop(state);
        if first {
            self.work.notify_one();
        }
    }

    /// The user's last session in the room here was lost; it may come back, here or elsewhere.
    pub(crate) fn lost(&self, room: &RoomId, user: &User) {
        let (now, place) = (Instant::now(), (room.clone(), user.id.clone()));
        let mut state = self.state.lock();
        state.lost.insert(place.clone(), (user.clone(), now));
        state.grace.push_back((now, place));
        let first = state.grace.len() == 1;
        drop(state);
        if first {
            self.work.notify_one();
        }
    }

    /// The store is to be told of whoever was lost for the grace time.
    fn end_grace(&self) {
        let mut state = self.state.lock();
        let over = |(since, _): &&(Instant, Place)| since.elapsed() >= self.grace;
        let due = state.grace.iter().take_while(over).count();
        let PresenceState {
            waiting,
            lost,
            grace,
        } = &mut *state;
        for (since, place) in grace.drain(..due) {
            if lost.get(&place).is_some_and(|(_, last)| *last == since)
                && let Some((user, _)) = lost.remove(&place)
            {
                waiting.insert(place, user);
            }
        }
    }

    fn next_end_of_grace(&self) -> Option<Duration> {
        let state = self.state.lock();
        let (since, _) = state.grace.front()?;
        Some(self.grace.saturating_sub(since.elapsed()))
    }

    /// Takes out some of those whom the store is to be told of, each with
    /// whether its grace time still runs.
    fn take_some(&self) -> Vec<(Place, User, bool)> {
        let mut state = self.state.lock();
        let places: Vec<_> = state.waiting.keys().take(AT_ONCE).cloned().collect();
        let take = |place: Place| {
            let user = state.waiting.remove(&place)?;
            let in_grace = state.lost.contains_key(&place);
            Some((place, user, in_grace))
        };
        places.into_iter().filter_map(take).collect()
    }

    /// Puts back what could not be told. Whoever came meanwhile stays as they are called now.
    fn put_back(&self, changes: Vec<PresenceChange>) {
        let mut state = self.state.lock();
        for PresenceChange { room, user, .. } in changes {
            let place = (room, user.id.clone());
            state.waiting.entry(place).or_insert(user);
        }
    }

    /// Tells the store what is known now, then gives up the lease: in this order,
    /// and nothing behind it. Takes no longer than the store does to answer.
    pub async fn end(&self) {
        self.stage.send_replace(Stage::LastWords);
        self.work.notify_one();
        self.until(Stage::Ended).await;
    }

    /// Waits until all is told that is to be told before the node ends.
    pub(super) async fn until_told(&self) {
        self.until(Stage::Told).await;
    }

    /// The lease is given up.
    pub(super) fn ended(&self) {
        self.stage.send_replace(Stage::Ended);
    }

    /// Waits for so long, or until the store has asked for the lease.
    pub(super) async fn until_renewal_is_due(&self, wait: Duration) {
        // Either way it is due.
        let _ = tokio::time::timeout(wait, self.lease_lost.notified()).await;
    }

    async fn until(&self, stage: Stage) {
        let mut stages = self.stage.subscribe();
        // The sender lives as long as this.
        let _ = stages.wait_for(|now| *now >= stage).await;
    }

    fn is_ending(&self) -> bool {
        *self.stage.borrow() >= Stage::LastWords
    }

    /// Waits until there is something to tell, a grace time is up, or the node ends.
    async fn until_work(&self) {
        let work = self.work.notified();
        match self.next_end_of_grace() {
            // Whether there is work or the time is up, both are looked at then.
            Some(wait) => drop(tokio::time::timeout(wait, work).await),
            None => work.await,
        }
    }
}

/// Tells the store for as long as the node lives.
pub(crate) async fn run(presence: Arc<Presence>) {
    let mut told: Option<Instant> = None;
    while !presence.is_ending() {
        presence.until_work().await;
        presence.end_grace();
        if !presence.tell_store().await {
            continue;
        }
        let before = told.replace(Instant::now());
        if before.is_some_and(|before| before.elapsed() < PAUSE) {
            tokio::time::sleep(PAUSE).await;
        }
    }
    // Who is in their grace time now stays, and another node ends it.
    presence.end_grace();
    presence.tell_store().await;
    presence.stage.send_replace(Stage::Told);
    // A loop that ends would end the node, which is about to end in its own way.
    std::future::pending().await
}

impl Presence {
    /// Tells the store of all that waits, for as long as it takes, unless the
    /// node ends; false where nothing did.
    async fn tell_store(&self) -> bool {
        let mut told = false;
        loop {
            if self.everybody.swap(false, Ordering::Relaxed) {
                self.tell_of(self.everybody_here());
            }
            let waiting = self.take_some();
            if waiting.is_empty() {
                return told;
            }
            told = true;
            let changes: Vec<_> = waiting
                .into_iter()
                .map(|(place, user, in_grace)| self.change_of(place, user, in_grace))
                .collect();
            if let Err(error) = self.rooms.store.change_presence(&changes).await {
                tracing::debug!(%error, "presence was not told; trying again");
                self.put_back(changes);
                if matches!(error, StoreError::NoLease) {
                    self.lease_lost.notify_one();
                }
                if self.is_ending() {
                    return told;
                }
                tokio::time::sleep(RETRY).await;
            }
        }
    }

    /// What is true of a user at this moment.
    fn change_of(&self, (room, _): Place, user: User, in_grace: bool) -> PresenceChange {
        let here = || {
            let followed = self.rooms.followed(&room);
            followed.is_some_and(|room| room.has_user(&user.id))
        };
        let online = in_grace || here();
        PresenceChange { room, user, online }
    }

    fn everybody_here(&self) -> Vec<(RoomId, User)> {
        let mut here = Vec::new();
        for room in self.rooms.all_followed() {
            let users = room.local_users().into_iter();
            here.extend(users.map(|user| (room.id.clone(), user)));
        }
        here
    }
}
