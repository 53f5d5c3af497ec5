//! What a room remembers of the store's answers, and when that may be used.
//!
//! A room that is followed hears of everything that happens in it; so what it
//! remembers is right for as long as nothing was missed. After a doubt (the
//! shared channel or the store were away, the log is not where it was) the
//! store is asked once before the memory is used again.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use rookery_protocol::{Cursor, Epoch, Event, server_frame::RoomKind};
use rookery_store::{Forks, Joined, Recovery, StoreError};

use super::{Recent, Room, RoomState, overwriting::pins_behind};
use crate::{
    clock::Moment,
    delivery::Inboxes,
    limits::{Share, TooMuch},
    refusal::Refusal,
    single_flight::Lookup,
    snapshot::{RoomInfo, Snapshot, View, ViewBounds},
};

/// For how long the store's word on a room is taken.
const BELIEVED_FOR: Duration = Duration::from_secs(600);

/// A finished snapshot is given again until this many events came after it.
const MOST_BEHIND: u64 = 32;

/// So many different snapshots are held on to while somebody is given them.
const MOST_MADE: usize = 8;

/// What was read for a view.
#[derive(Debug, Clone)]
pub(crate) struct SnapshotRead {
    pub(crate) view: View,
    pub(crate) snapshot: Arc<Snapshot>,
}

/// Why nothing was read.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum SnapshotError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    TooMuch(#[from] TooMuch),
}

impl From<SnapshotError> for Refusal {
    fn from(not_read: SnapshotError) -> Self {
        match not_read {
            SnapshotError::Store(error) => error.into(),
            SnapshotError::TooMuch(too_much) => too_much.into(),
        }
    }
}

/// What the store said, and what was made of it.
#[derive(Debug, Default)]
pub(super) struct Memory {
    info: Option<(RoomInfo, Moment)>,
    /// What the log shares with epochs before its own, as the store said then.
    forks: Forks,
    /// The epoch before this one.
    previous_epoch: Option<Epoch>,
    /// Snapshots that somebody is just being given.
    made: Vec<(View, Weak<Snapshot>)>,
}

impl Room {
    /// The view from memory; else a flight to the store, which `read` makes
    /// of a view. While `patient`, the flight may be of another view: mostly
    /// it brings what is needed as well.
    pub(crate) fn find<R>(
        &self,
        view: &View,
        bounds: &ViewBounds,
        patient: bool,
        read: impl FnOnce(View) -> R,
    ) -> Lookup<Arc<Snapshot>, Result<SnapshotRead, SnapshotError>>
    where
        R: Future<Output = Result<SnapshotRead, SnapshotError>> + Send + 'static,
    {
        let asked = match self.doubted_from() {
            // What is here need not be read again, if it is still right.
            Some(since) if patient => View {
                since: Some(since),
                limit: view.limit,
            },
            _ => view.clone(),
        };
        self.snapshot_flights.find(
            asked.clone(),
            patient,
            || self.state.lock().recall(view, bounds),
            read(asked),
        )
    }

    /// Where a room is that is followed, but whose memory must not be used
    /// before the store was asked.
    fn doubted_from(&self) -> Option<Cursor> {
        let state = self.state.lock();
        let position = state.sequencer.position()?;
        (!state.memory.is_believed()).then(|| position.clone())
    }

    /// Takes what the store read for a view, and follows the room from there
    /// on if it was not followed. `share` is what the answer takes of the node's bytes.
    pub(crate) fn remember(
        &self,
        view: View,
        joined: &Joined,
        share: Share,
        inboxes: &Inboxes,
    ) -> SnapshotRead {
        let snapshot = Arc::new(Snapshot::of(joined).carrying(share));
        let mut state = self.state.lock();
        state.closed |= joined.kind != RoomKind::Public;
        state.guarded |= joined.guarded;
        if state.sequencer.position().is_none() {
            state.follow_from(joined.head.clone(), &self.id, inboxes);
        }
        let RoomState {
            sequencer,
            memory,
            recent,
            ..
        } = &mut *state;
        if let Some(position) = sequencer.position()
            && position.epoch == joined.head.epoch
        {
            memory.info = Some((RoomInfo::of(joined), Moment::now()));
            memory.forks = joined.forks.clone();
            let (events, whole) = match &joined.recovery {
                Recovery::Events(events) => {
                    let from = view.since.as_ref().map_or(0, |since| since.seq);
                    (events, from == 0)
                }
                Recovery::Messages(events) => (events, events.len() < view.limit as usize),
            };
            recent.fill(events, joined.head.seq, position.seq, whole);
            if recent.is_up_to_date(joined.head.seq) {
                memory.hold(view.clone(), &snapshot);
            }
            memory.bring_forward(joined.head.seq, position.seq, recent);
        }
        SnapshotRead { view, snapshot }
    }

    /// Something may have been missed: the store is to be asked before what is
    /// remembered is shown.
    pub(crate) fn doubt(&self) {
        self.state.lock().memory.doubt();
    }

    /// As [`Self::doubt`], of what was learned before that moment.
    pub(crate) fn doubt_what_is_older(&self, moment: Moment) {
        let mut state = self.state.lock();
        if let Some((_, since)) = &state.memory.info
            && *since < moment
        {
            state.memory.doubt();
        }
    }

    /// When it was used last, by events or people, and how many bytes its
    /// recent events take.
    pub(crate) fn usage(&self) -> (Moment, usize) {
        let state = self.state.lock();
        (state.used, state.recent.bytes())
    }

    /// Gives its memory up for others.
    pub(crate) fn forget_events(&self) {
        self.state.lock().recent.clear();
    }
}

impl RoomState {
    /// The view from what is remembered, where that is enough.
    fn recall(&mut self, view: &View, bounds: &ViewBounds) -> Option<Arc<Snapshot>> {
        self.used = Moment::now();
        let end = self.sequencer.position()?;
        let info = self.memory.believed()?;
        if let Some(now) = bounds.now {
            self.recent.forget_expired(now);
        }
        let since = view.since.as_ref();
        let since = since.and_then(|since| self.memory.place_in(end, since));
        let view = View {
            since,
            limit: view.limit,
        };
        let view = view.settled(end, bounds);
        if let Some(made) = self.memory.made(&view, end, &self.recent, bounds) {
            return Some(made);
        }
        let (recovered, events) = match &view.since {
            Some(since) if since.epoch != end.epoch => return None,
            Some(since) => (
                true,
                self.recent.since(since.seq, end.seq)?.collect::<Vec<_>>(),
            ),
            None => (false, self.recent.latest(view.limit as usize)?),
        };
        if !events.iter().all(|event| bounds.shows(event.expires_at)) {
            return None;
        }
        let events = events.iter().copied();
        let snapshot = Snapshot::new(end.clone(), info.clone(), recovered, events);
        let share = bounds.answers.take(snapshot.bytes());
        let snapshot = Arc::new(snapshot.carrying(share));
        self.memory.hold(view, &snapshot);
        Some(snapshot)
    }
}

impl Memory {
    /// The room goes on in another epoch, or somewhere else in this one.
    pub(super) fn restart(&mut self, from: Option<&Cursor>, to: &Cursor) {
        let left = from.filter(|from| from.epoch != to.epoch);
        *self = Self {
            previous_epoch: left
                .map(|from| from.epoch.clone())
                .or(self.previous_epoch.take()),
            ..Self::default()
        };
    }

    pub(super) fn doubt(&mut self) {
        self.info = None;
    }

    /// What was read at one number becomes what it is at another; what cannot be known is
    /// asked again.
    fn bring_forward(&mut self, from: u64, to: u64, recent: &Recent) {
        if from >= to {
            return;
        }
        match recent.since(from, to) {
            Some(events) => events.for_each(|event| {
                self.note_pins(event);
            }),
            None => self.doubt(),
        }
    }

    /// Keeps which messages are pinned behind an event; whether that changed.
    pub(super) fn note_pins(&mut self, event: &Event) -> bool {
        let Some((info, _)) = &mut self.info else {
            return false;
        };
        let pins = pins_behind(event, &info.pins);
        let changed = pins.is_some();
        if let Some(pins) = pins {
            info.pins = pins.into();
        }
        changed
    }

    /// What a cursor is in the log that ends at `end`: itself, or where it is in the
    /// same place of an epoch before; nothing where it surely cannot be served.
    fn place_in(&self, end: &Cursor, since: &Cursor) -> Option<Cursor> {
        if self.forks.share(since) {
            return Some(Cursor {
                epoch: end.epoch.clone(),
                seq: since.seq,
            });
        }
        let was_here = self.has_left(&since.epoch) || self.forks.remember(&since.epoch);
        (!was_here).then(|| since.clone())
    }

    /// Whether this was the room's epoch before the one of now.
    pub(super) fn has_left(&self, epoch: &Epoch) -> bool {
        self.previous_epoch.as_ref() == Some(epoch)
    }

    fn is_believed(&self) -> bool {
        self.believed().is_some()
    }

    /// What a room is, as long as it may be told from memory. Whoever is told was
    /// admitted by the store.
    fn believed(&self) -> Option<&RoomInfo> {
        let (info, since) = self.info.as_ref()?;
        (since.elapsed() < BELIEVED_FOR).then_some(info)
    }

    /// A finished snapshot that the node's events continue.
    fn made(
        &self,
        view: &View,
        end: &Cursor,
        recent: &Recent,
        bounds: &ViewBounds,
    ) -> Option<Arc<Snapshot>> {
        let same = self.made.iter().filter(|(other, _)| other == view);
        same.filter_map(|(_, made)| made.upgrade()).find(|made| {
            made.head.epoch == end.epoch
                && end.seq - made.head.seq.min(end.seq) <= MOST_BEHIND
                && recent.since(made.head.seq, end.seq).is_some()
                && bounds.shows(made.expires_at())
        })
    }

    /// Finished snapshots may have what is otherwise now.
    pub(super) fn forget_made(&mut self) {
        self.made = Vec::new();
    }

    /// Lets go of snapshots that nobody is given any more.
    pub(super) fn let_go(&mut self) {
        self.made.retain(|(_, made)| made.strong_count() > 0);
        if self.made.is_empty() {
            self.made = Vec::new();
        }
    }

    /// Holds on to a snapshot for as long as anybody else does.
    fn hold(&mut self, view: View, snapshot: &Arc<Snapshot>) {
        self.made
            .retain(|(other, made)| made.strong_count() > 0 && *other != view);
        if self.made.len() < MOST_MADE {
            self.made.push((view, Arc::downgrade(snapshot)));
        }
    }
}
