//! Who brings a room to the end of its log, one at a time, and who waits for that.
//!
//! Whoever is told that healing is wanted has to make a [`Healing`] at once. As
//! long as that is there nobody else is told; when it goes, however it goes, the
//! next who finds the room behind is.

use std::sync::Arc;

use rookery_protocol::Cursor;

use super::{HealRequest, Noticed, Room, RoomState};

/// Whether a room is being healed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Healer {
    #[default]
    Nobody,
    /// Somebody waits for a gap to close by itself.
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

/// What became of a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gap {
    /// It is still there, or the log has to be read for another reason.
    Open,
    /// It has closed, and there is a younger one.
    Younger,
    /// It has closed by itself: no healing is under way any more.
    Closed,
}

/// The healing of a room, for as long as it lives.
#[derive(Debug)]
pub(crate) struct Healing {
    room: Arc<Room>,
    over: bool,
    /// Where a gap was left when the log had been read to its end.
    left_gap_at: Option<u64>,
}

impl Healing {
    /// Begins what [`HealRequest::Heal`] asked for.
    pub(crate) fn of(room: &Arc<Room>) -> Self {
        Self {
            room: Arc::clone(room),
            over: false,
            left_gap_at: None,
        }
    }

    pub(crate) fn room(&self) -> &Arc<Room> {
        &self.room
    }

    /// What became, within a short time, of the gap that was there at `position`.
    pub(crate) fn check_gap(&mut self, position: Option<&Cursor>) -> Gap {
        let mut state = self.room.state.lock();
        if state.healer == (Healer::Waiting { must_read: true }) {
            return Gap::Open;
        }
        if state.sequencer.has_gap() {
            return if state.sequencer.position() == position {
                Gap::Open
            } else {
                Gap::Younger
            };
        }
        self.over = true;
        self.room.end_healing(&mut state);
        Gap::Closed
    }

    /// The log is about to be read: what is missed from now on is missed anew.
    pub(crate) fn begin_reading(&mut self) {
        self.room.state.lock().healer = Healer::Reading { again: false };
    }

    /// The log was read to its end. False where something was missed meanwhile,
    /// and it has to be read again. A gap that the log does not fill is left.
    pub(crate) fn finish(&mut self) -> bool {
        let mut state = self.room.state.lock();
        let position = state.sequencer.position().map(|position| position.seq);
        let gap_at = position.filter(|_| state.sequencer.has_gap());
        let young_gap = gap_at.is_some() && gap_at != self.left_gap_at;
        if young_gap || state.healer == (Healer::Reading { again: true }) {
            self.left_gap_at = gap_at;
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

impl From<HealRequest> for Noticed {
    fn from(wanted: HealRequest) -> Self {
        match wanted {
            HealRequest::None => Self::InStep,
            HealRequest::Heal => Self::Behind,
        }
    }
}

impl Room {
    fn end_healing(&self, state: &mut RoomState) {
        state.healer = Healer::Nobody;
        self.healed.notify_waiters();
    }

    /// Whether an event waits behind a gap.
    pub(crate) fn has_gap(&self) -> bool {
        self.state.lock().sequencer.has_gap()
    }

    /// Waits while somebody heals the room.
    pub(crate) async fn until_healed(&self) {
        let healed = self.healed.notified();
        if self.state.lock().healer != Healer::Nobody {
            healed.await;
        }
    }
}

impl RoomState {
    /// Healing is wanted that reads the log in any case.
    pub(super) fn want_reading(&mut self) -> HealRequest {
        match &mut self.healer {
            Healer::Nobody => {
                self.healer = Healer::Waiting { must_read: true };
                return HealRequest::Heal;
            }
            Healer::Waiting { must_read } => *must_read = true,
            Healer::Reading { again } => *again = true,
        }
        HealRequest::None
    }

    /// Healing is wanted of a gap, which may close by itself.
    pub(super) fn want_healing(&mut self) -> HealRequest {
        // Whoever heals already looks for gaps at the end.
        if self.healer != Healer::Nobody {
            return HealRequest::None;
        }
        self.healer = Healer::Waiting { must_read: false };
        HealRequest::Heal
    }
}
