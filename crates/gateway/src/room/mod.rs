//! A room as this node holds it, for as long as somebody here is in it and a while longer.
//!
//! Everything that happens in the room passes through one short critical
//! section, in order: it is sequenced, made a finished frame once, and put
//! into the inbox of each worker that has members. The lock is never held
//! across an await, and nothing behind it can be waited for: putting into an
//! inbox never blocks.

mod attach;
mod budget;
mod epochs;
mod healing;
mod memory;
mod presence;
mod readings;
mod recent;
mod roster;
mod sequencer;
mod snapshot;
#[cfg(test)]
mod tests;
mod untold;

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use parking_lot::Mutex;
use rookery_protocol::{Cursor, Epoch, Event, RoomId, UserId};
use rookery_store::StoreError;
use tokio::sync::Notify;

pub(crate) use attach::{Attach, Seat};
pub(crate) use budget::RecentBudget;
pub(crate) use epochs::Noticed;
use healing::Healer;
pub(crate) use healing::{Healing, Hole};
use memory::Memory;
pub(crate) use memory::{NotRead, Read};
pub(crate) use presence::ToTell;
use readings::Readings;
pub(crate) use readings::{Found, Reading};
use recent::Recent;
pub(crate) use roster::{Absence, Roster, Transition};
use sequencer::Offered;
pub(crate) use sequencer::Sequencer;
use snapshot::About;
pub(crate) use snapshot::{Answer, Sight, Snapshot, View};
use untold::Untold;

use crate::worker::{Instruction, Workers};

/// A room that has, had a moment ago, or is about to have sessions on this node.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) id: RoomId,
    state: Mutex<State>,
    /// What is being read of the store, for whoever comes in.
    pub(crate) readings: Readings<View, Result<Read, NotRead>>,
    /// Whether who is there is being read.
    pub(crate) roster_readings: Readings<(), Result<(), StoreError>>,
    /// Woken when a healing is done.
    healed: Notify,
}

#[derive(Debug)]
struct State {
    sequencer: Sequencer,
    recent: Recent,
    memory: Memory,
    /// When something happened here last.
    used: Instant,
    roster: Roster,
    /// How many members each worker has, by the worker's number.
    members: Vec<u32>,
    /// The users among them, and how many sessions each has here.
    users: HashMap<UserId, LocalUser>,
    healer: Healer,
    /// What the members are still to be told, and when they last were.
    untold: Option<Box<Untold>>,
    told: Option<Instant>,
    /// When they were last told of everybody who is there.
    listed: Option<Instant>,
    /// Since when nobody is in it.
    left: Option<Instant>,
    /// When the store was last told that somebody is.
    told_store: Instant,
    /// It stands in the list of rooms that nobody is in.
    lingers: bool,
}

#[derive(Debug)]
struct LocalUser {
    name: Arc<str>,
    sessions: u32,
}

/// What a room wants done after it took an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Nothing: the room is in step with its log, as far as it knows.
    Nothing,
    /// Somebody has to read the log for it, and makes a [`Healing`] at once;
    /// nobody else is told meanwhile.
    Healing,
}

impl Room {
    pub(crate) fn new(id: RoomId, workers: usize, budget: Arc<RecentBudget>) -> Self {
        let state = State {
            sequencer: Sequencer::default(),
            recent: Recent::new(budget),
            memory: Memory::default(),
            used: Instant::now(),
            roster: Roster::default(),
            members: vec![0; workers],
            users: HashMap::new(),
            healer: Healer::default(),
            untold: None,
            told: None,
            listed: None,
            left: Some(Instant::now()),
            told_store: Instant::now(),
            lingers: false,
        };
        Self {
            id,
            state: Mutex::new(state),
            readings: Readings::default(),
            roster_readings: Readings::default(),
            healed: Notify::new(),
        }
    }

    /// Up to where its subscribers have been brought; `None` before the first snapshot.
    pub(crate) fn position(&self) -> Option<Cursor> {
        self.state.lock().sequencer.position().cloned()
    }

    /// How many events came after a place, as far as the room is followed.
    pub(crate) fn distance_from(&self, since: &Cursor) -> Option<u64> {
        let state = self.state.lock();
        let position = state.sequencer.position()?;
        Some(position.seq.saturating_sub(since.seq))
    }

    /// Takes an event, from an append's answer, the shared channel or the log,
    /// and hands on whatever is now in order.
    pub(crate) fn offer(&self, epoch: &Epoch, event: Event, workers: &Workers) -> Wanted {
        let mut state = self.state.lock();
        let mut passed = Vec::new();
        let offered = state.sequencer.offer(epoch, event, &mut passed);
        state.hand_on(&self.id, passed, workers);
        match offered {
            Offered::Passed if !state.sequencer.has_hole() => Wanted::Nothing,
            Offered::Seen => Wanted::Nothing,
            Offered::Early if state.sequencer.position().is_none() => Wanted::Nothing,
            Offered::Passed | Offered::Early => state.want_healing(),
            Offered::OtherEpoch => state.want_reading(),
        }
    }

    /// Whether nobody here is in it any more.
    pub(crate) fn is_idle(&self) -> bool {
        self.state.lock().left.is_some()
    }

    /// Whether somebody is in it, which the store was not told for so long.
    pub(crate) fn is_untold_for(&self, long: Duration) -> bool {
        let state = self.state.lock();
        state.left.is_none() && state.told_store.elapsed() >= long
    }

    /// The store was told that somebody is in it.
    pub(crate) fn store_was_told(&self) {
        self.state.lock().told_store = Instant::now();
    }

    /// Nobody is in it: from now on it lingers. False where it does already.
    pub(crate) fn begin_to_linger(&self) -> bool {
        !std::mem::replace(&mut self.state.lock().lingers, true)
    }

    /// It lingers no longer; gives for how long nobody has been in it, if nobody is.
    pub(crate) fn end_lingering(&self) -> Option<Duration> {
        let mut state = self.state.lock();
        state.lingers = false;
        state.left.map(|left| left.elapsed())
    }
}

impl State {
    /// The numbers of the workers that have members.
    fn occupied(&self) -> impl Iterator<Item = usize> + '_ {
        self.members
            .iter()
            .enumerate()
            .filter(|(_, members)| **members > 0)
            .map(|(at, _)| at)
    }

    /// Gives the frame of each event to the workers, and remembers it.
    fn hand_on(&mut self, room: &RoomId, passed: Vec<Event>, workers: &Workers) {
        if !passed.is_empty() {
            self.used = Instant::now();
        }
        for event in passed {
            self.deliver(room, event.frame(), false, workers);
            self.recent.push(event);
        }
    }

    /// Gives finished frames to the workers; ephemeral ones may be shed.
    fn deliver(&self, room: &RoomId, frame: &Bytes, ephemeral: bool, workers: &Workers) {
        for worker in self.occupied() {
            let (room, frame) = (room.clone(), frame.clone());
            workers.give(
                worker,
                Instruction::Deliver {
                    room,
                    frame,
                    ephemeral,
                },
            );
        }
    }
}
