//! What a client that comes in is shown: from memory, or read once for all who wait.

use std::sync::Arc;

use rookery_protocol::UserId;
use rookery_store::{Join, Joined, Recovery, StoreError};

use super::Rooms;
use crate::{
    limits::{Share, TooMuch},
    policy,
    room::{Room, SnapshotError, SnapshotRead},
    single_flight::Lookup,
    snapshot::{Snapshot, View, ViewBounds},
};

/// How many flights of other clients are waited for, which mostly bring what
/// is needed as well, before one of one's own is made.
const PATIENCE: u32 = 2;

/// Room is made for so many events more than the node knows of: it may not have
/// followed the room.
const MISSED_MEANWHILE: u64 = 100;

impl Rooms {
    /// A snapshot of the room for this view.
    pub(crate) async fn snapshot(
        self: &Arc<Self>,
        room: &Arc<Room>,
        user: &UserId,
        view: &View,
    ) -> Result<Arc<Snapshot>, SnapshotError> {
        if !self.health.readiness.is_bus_up() {
            room.doubt();
        } else if let Some(suspected) = self.health.suspicion.latest() {
            room.doubt_what_is_older(suspected);
        }
        let mut patience = PATIENCE;
        loop {
            self.answers.until_some_is_free().await?;
            let read = |view| Arc::clone(self).read_snapshot(Arc::clone(room), user.clone(), view);
            match room.find(view, &self.view_bounds(), patience > 0, read) {
                Lookup::Known(snapshot) => {
                    self.metrics.joins_from_memory.inc();
                    return Ok(snapshot);
                }
                Lookup::InFlight(flight) => {
                    let read = match self.background.carry_out(flight).await {
                        // Another user made the flight, and has met a limit of their own.
                        Err(SnapshotError::Store(error))
                            if error.limited_user().is_some_and(|other| other != user) =>
                        {
                            continue;
                        }
                        read => read?,
                    };
                    if read.view == *view {
                        return Ok(read.snapshot);
                    }
                    patience = patience.saturating_sub(1);
                }
            }
        }
    }

    /// Reads the room for all who wait for the view, after room was made for
    /// what that can be at most. Mostly little was missed; where it was more than
    /// room was made for, it is read again.
    async fn read_snapshot(
        self: Arc<Self>,
        room: Arc<Room>,
        user: UserId,
        view: View,
    ) -> Result<SnapshotRead, SnapshotError> {
        let most = self.settings.limits.catch_up;
        let missed = |since| room.distance_from(since).unwrap_or(0);
        let expected = view.since.as_ref().map_or(0, missed) + MISSED_MEANWHILE;
        // 0 would be no limit.
        let at_first = if most == 0 {
            expected
        } else {
            expected.min(most)
        };
        let mut share = self.make_room_for(&view, at_first).await?;
        let mut joined = self.read_up_to(&room, &user, &view, at_first).await?;
        if let Some(behind) = behind(&view, &joined).filter(|behind| *behind > at_first)
            && (most == 0 || behind <= most)
        {
            drop((share, joined));
            share = self.make_room_for(&view, behind + MISSED_MEANWHILE).await?;
            joined = self.read_up_to(&room, &user, &view, most).await?;
        }
        Ok(room.remember(view, &joined, share, &self.inboxes))
    }

    /// A share of the node's bytes for an answer that catches up so many events.
    async fn make_room_for(&self, view: &View, events: u64) -> Result<Share, TooMuch> {
        let at_least = u64::from(view.limit);
        let events = view.since.as_ref().map_or(0, |_| events).max(at_least);
        self.answers.reserve(self.answers.most_bytes(events)).await
    }

    /// Reads the room, where so many events are caught up at most; 0 is no limit.
    async fn read_up_to(
        &self,
        room: &Room,
        user: &UserId,
        view: &View,
        catch_up: u64,
    ) -> Result<Joined, StoreError> {
        let join = Join {
            room: room.id.clone(),
            user: user.clone(),
            since: view.since.clone(),
            limit: view.limit,
            catch_up,
            create: self.settings.rooms.create_on_join && !policy::is_direct(&room.id),
            known: room.known(),
        };
        self.metrics.range_reads.inc();
        self.store.join(join).await
    }

    fn view_bounds(&self) -> ViewBounds {
        ViewBounds {
            catch_up: self.settings.limits.catch_up,
            max_messages: self.settings.rooms.max_messages,
            answers: Arc::clone(self.answers.of_node()),
            now: self.health.store_clock.latest(),
        }
    }
}

/// How far a cursor is behind the room, where it was not recovered.
fn behind(view: &View, joined: &Joined) -> Option<u64> {
    match (&view.since, &joined.recovery) {
        (Some(since), Recovery::Messages(_)) => joined.head.seq.checked_sub(since.seq),
        _ => None,
    }
}
