//! A room as this node holds it, for as long as somebody here is in it and a while longer.
//!
//! Everything that happens in the room passes through one short critical
//! section, in order: it is sequenced, made the finished bytes of each wire that
//! has members, once, and put into the inboxes of their workers. The lock is never held
//! across an await, and nothing behind it can be waited for: putting into an
//! inbox never blocks.

mod attach;
mod epochs;
mod evicting;
mod healing;
mod members;
mod memory;
mod named;
mod notices;
mod overwriting;
mod recent;
mod recent_budget;
mod roster;
mod sequencer;
mod telling;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use parking_lot::Mutex;
use rookery_protocol::{Cursor, Epoch, Event, RoomId};
use rookery_store::{StoreError, UserMap};
use tokio::sync::Notify;

pub(crate) use attach::{Attach, Following};
pub(crate) use epochs::Noticed;
use healing::Healer;
pub(crate) use healing::{Gap, Healing};
use members::Members;
use memory::Memory;
pub(crate) use memory::{SnapshotError, SnapshotRead};
use notices::Notices;
use recent::Recent;
pub(crate) use recent_budget::RecentBudget;
pub(crate) use roster::{Absence, Roster, Transition};
use sequencer::Offered;
pub use sequencer::Sequencer;
pub(crate) use telling::Enqueue;

use crate::{
    clock::Moment,
    delivery::{Inboxes, Instruction, Push, Wire, WireNumber, WorkerNumber},
    single_flight::SingleFlight,
    snapshot::View,
};

/// A room that has, had a moment ago, or is about to have sessions on this node.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) id: RoomId,
    state: Mutex<RoomState>,
    /// Snapshots that are being read from the store, for all who come in.
    pub(crate) snapshot_flights: SingleFlight<View, Result<SnapshotRead, SnapshotError>>,
    /// Whether who is there is being read.
    pub(crate) roster_flights: SingleFlight<(), Result<(), StoreError>>,
    /// Woken when a healing is done.
    healed: Notify,
}

#[derive(Debug)]
struct RoomState {
    sequencer: Sequencer,
    following: Following,
    /// Whether it was ever seen to be for its members alone.
    closed: bool,
    /// Whether whoever writes here has to be looked at.
    guarded: bool,
    recent: Recent,
    memory: Memory,
    /// When something happened here last.
    used: Moment,
    roster: Roster,
    members: Members,
    /// The users among them, and how many sessions each has here.
    users: UserMap<LocalUser>,
    healer: Healer,
    /// What the members are still to be told, and when they last were.
    notices: Option<Box<Notices>>,
    told: Option<Moment>,
    /// When they were last told of everybody who is there.
    listed: Option<Moment>,
    /// Since when nobody is in it.
    empty_since: Option<Moment>,
    /// It stands in the list of rooms that nobody is in.
    lingers: bool,
}

#[derive(Debug)]
struct LocalUser {
    name: Arc<str>,
    sessions: u32,
}

/// Whether a room that took an event has to be healed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HealRequest {
    /// No: the room is in step with its log, as far as it knows, or somebody heals it.
    None,
    /// Somebody has to read the log for it, and makes a [`Healing`] at once;
    /// nobody else is told meanwhile.
    Heal,
}

impl Room {
    pub(crate) fn new(id: RoomId, budget: Arc<RecentBudget>) -> Self {
        let state = RoomState {
            sequencer: Sequencer::default(),
            following: Following::default(),
            closed: false,
            guarded: false,
            recent: Recent::new(budget),
            memory: Memory::default(),
            used: Moment::now(),
            roster: Roster::default(),
            members: Members::default(),
            users: UserMap::default(),
            healer: Healer::default(),
            notices: None,
            told: None,
            listed: None,
            empty_since: Some(Moment::now()),
            lingers: false,
        };
        Self {
            id,
            state: Mutex::new(state),
            snapshot_flights: SingleFlight::default(),
            roster_flights: SingleFlight::default(),
            healed: Notify::new(),
        }
    }

    /// Up to where its subscribers have been brought; `None` before the first snapshot.
    pub(crate) fn position(&self) -> Option<Cursor> {
        self.state.lock().sequencer.position().cloned()
    }

    /// The same for the store, which makes a room again that is known and lost. One that is
    /// for its members alone is not made again: it would be everybody's.
    pub(crate) fn known(&self) -> Option<Cursor> {
        let state = self.state.lock();
        let position = state.sequencer.position().filter(|_| !state.closed);
        position.cloned()
    }

    /// Whether it was ever seen to be for its members alone.
    pub(crate) fn is_closed(&self) -> bool {
        self.state.lock().closed
    }

    /// Whether whoever writes here has to be looked at by the store.
    pub(crate) fn is_guarded(&self) -> bool {
        self.state.lock().guarded
    }

    /// How many events came after a place, as far as the room is followed.
    pub(crate) fn distance_from(&self, since: &Cursor) -> Option<u64> {
        let state = self.state.lock();
        let position = state.sequencer.position()?;
        Some(position.seq.saturating_sub(since.seq))
    }

    /// Takes an event, from an append's answer, the shared channel or the log,
    /// and hands on whatever is now in order.
    pub(crate) fn offer(&self, epoch: &Epoch, event: Event, inboxes: &Inboxes) -> HealRequest {
        let mut state = self.state.lock();
        let mut passed = Vec::new();
        let offered = state.sequencer.offer(epoch, event, &mut passed);
        state.hand_on(&self.id, passed, inboxes);
        match offered {
            Offered::Passed if !state.sequencer.has_gap() => HealRequest::None,
            Offered::Seen => HealRequest::None,
            Offered::Early if state.sequencer.position().is_none() => HealRequest::None,
            Offered::Passed | Offered::Early => state.want_healing(),
            Offered::OtherEpoch => state.want_reading(),
        }
    }

    /// Whether nobody here is in it any more.
    pub(crate) fn is_idle(&self) -> bool {
        self.state.lock().empty_since.is_some()
    }

    /// Nobody is in it: from now on it lingers. False where it does already.
    pub(crate) fn begin_to_linger(&self) -> bool {
        !std::mem::replace(&mut self.state.lock().lingers, true)
    }

    /// It lingers no longer; gives for how long nobody has been in it, if nobody is.
    pub(crate) fn end_lingering(&self) -> Option<Duration> {
        let mut state = self.state.lock();
        state.lingers = false;
        state.empty_since.map(|since| since.elapsed())
    }
}

impl RoomState {
    /// Follows the log from here on: what is before it may never have been heard.
    fn follow_from(&mut self, head: Cursor, room: &RoomId, inboxes: &Inboxes) {
        self.following.begin_anew();
        let mut passed = Vec::new();
        self.sequencer.start(head, &mut passed);
        self.hand_on(room, passed, inboxes);
    }

    /// Gives each event to the members, and remembers it.
    fn hand_on(&mut self, room: &RoomId, passed: Vec<Event>, inboxes: &Inboxes) {
        if !passed.is_empty() {
            self.used = Moment::now();
        }
        for event in passed {
            self.push(room, &[Push::Event(&event)], false, inboxes);
            self.take_heed(room, &event, inboxes);
            let pins = self.memory.note_pins(&event);
            if self.recent.push(event) || pins {
                self.memory.forget_made();
            }
        }
    }

    /// Gives pushes to the members, as the bytes of each wire that some of them
    /// are on; ephemeral ones may be shed.
    fn push(&self, room: &RoomId, pushes: &[Push<'_>], ephemeral: bool, inboxes: &Inboxes) {
        self.for_each_wire(pushes, inboxes, |worker, wire, bytes| {
            let room = room.clone();
            let deliver = Instruction::Deliver {
                room,
                wire,
                bytes,
                ephemeral,
            };
            inboxes.give(worker, deliver);
        });
    }

    /// Makes the bytes of the pushes once for each wire that has members, and
    /// names each worker that has some of these.
    fn for_each_wire(
        &self,
        pushes: &[Push<'_>],
        inboxes: &Inboxes,
        mut give: impl FnMut(WorkerNumber, WireNumber, Bytes),
    ) {
        for (number, wire) in inboxes.wires() {
            let mut made: Option<Bytes> = None;
            for worker in self.members.workers_on(number) {
                let bytes = made.get_or_insert_with(|| bytes_of(pushes, wire));
                give(worker, number, bytes.clone());
            }
        }
    }
}

/// The pushes one behind the other; the bytes of a single one are not copied.
fn bytes_of<'a>(pushes: impl IntoIterator<Item = &'a Push<'a>>, wire: &dyn Wire) -> Bytes {
    let mut pieces = pushes.into_iter().map(|push| wire.push(*push));
    let Some(first) = pieces.next() else {
        return Bytes::new();
    };
    let Some(second) = pieces.next() else {
        return first;
    };
    let mut joined = BytesMut::from(first);
    joined.extend_from_slice(&second);
    pieces.for_each(|piece| joined.extend_from_slice(&piece));
    joined.freeze()
}
