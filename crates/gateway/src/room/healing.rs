//! Who brings a room to the end of its log, one at a time, and who waits for that.
//!
//! Whoever is told that healing is wanted has to make a [`Healing`] at once. As
//! long as that is there nobody else is told; when it goes, however it goes, the
//! next who finds the room behind is.

use std::sync::Arc;

use rookery_protocol::Cursor;

use super::{Noticed, Room, State, Wanted};

/// Whether a room is being healed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Healer {
    #[default]
    Nobody,
    /// Somebody waits for a hole to close by itself.
    Waiting {
        /// The log has to be read even if it does.
        must_read: bool,
    },
    /// Somebody reads the log.
    Reading {
        /// Something was missed since the reading began.
        again: bool,
    },
}

/// What became of a hole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hole {
    /// It is still there, or the log has to be read for another reason.
    Open,
    /// It has closed, and there is a younger one.
    Another,
    /// It has closed by itself: no healing is under way any more.
    Closed,
}

/// The healing of a room, for as long as it lives.
#[derive(Debug)]
pub(crate) struct Healing {
    room: Arc<Room>,
    over: bool,
    /// Where a hole was left when the log had been read to its end.
    left_hole_at: Option<u64>,
}

impl Healing {
    /// Begins what [`Wanted::Healing`] asked for.
    pub(crate) fn of(room: &Arc<Room>) -> Self {
        Self {
            room: Arc::clone(room),
            over: false,
            left_hole_at: None,
        }
    }

    pub(crate) fn room(&self) -> &Arc<Room> {
        &self.room
    }

    /// What became, within a short time, of the hole that was there at `position`.
    pub(crate) fn look_at_hole(&mut self, position: Option<&Cursor>) -> Hole {
        let mut state = self.room.state.lock();
        if state.healer == (Healer::Waiting { must_read: true }) {
            return Hole::Open;
        }
        if state.sequencer.has_hole() {
            return if state.sequencer.position() == position {
                Hole::Open
            } else {
                Hole::Another
            };
        }
        self.over = true;
        self.room.end_healing(&mut state);
        Hole::Closed
    }

    /// The log is about to be read: what is missed from now on is missed anew.
    pub(crate) fn begin_reading(&mut self) {
        self.room.state.lock().healer = Healer::Reading { again: false };
    }

    /// The log was read to its end. False where something was missed meanwhile,
    /// and it has to be read again. A hole that the log does not fill is left.
    pub(crate) fn finish(&mut self) -> bool {
        let mut state = self.room.state.lock();
        let position = state.sequencer.position().map(|position| position.seq);
        let hole_at = position.filter(|_| state.sequencer.has_hole());
        let young_hole = hole_at.is_some() && hole_at != self.left_hole_at;
        if young_hole || state.healer == (Healer::Reading { again: true }) {
            self.left_hole_at = hole_at;
            return false;
        }
        self.over = true;
        self.room.end_healing(&mut state);
        true
    }
}

impl Drop for Healing {
    fn drop(&mut self) {
        if !self.over {
            self.room.end_healing(&mut self.room.state.lock());
        }
    }
}

impl From<Wanted> for Noticed {
    fn from(wanted: Wanted) -> Self {
        match wanted {
            Wanted::Nothing => Self::InStep,
            Wanted::Healing => Self::Behind,
        }
    }
}

impl Room {
    fn end_healing(&self, state: &mut State) {
        state.healer = Healer::Nobody;
        self.healed.notify_waiters();
    }

    /// Whether an event waits behind a hole.
    pub(crate) fn has_hole(&self) -> bool {
        self.state.lock().sequencer.has_hole()
    }

    /// Waits while somebody heals the room.
    pub(crate) async fn until_healed(&self) {
        let healed = self.healed.notified();
        if self.state.lock().healer != Healer::Nobody {
            healed.await;
        }
    }
}

impl State {
    /// Healing is wanted that reads the log in any case.
    pub(super) fn want_reading(&mut self) -> Wanted {
        match &mut self.healer {
            Healer::Nobody => {
                self.healer = Healer::Waiting { must_read: true };
                return Wanted::Healing;
            }
            Healer::Waiting { must_read } => *must_read = true,
            Healer::Reading { again } => *again = true,
        }
        Wanted::Nothing
    }

    /// Healing is wanted of a hole, which may close by itself.
    pub(super) fn want_healing(&mut self) -> Wanted {
        // Whoever heals already looks for holes at the end.
        if self.healer != Healer::Nobody {
            return Wanted::Nothing;
        }
        self.healer = Healer::Waiting { must_read: false };
        Wanted::Healing
    }
}
