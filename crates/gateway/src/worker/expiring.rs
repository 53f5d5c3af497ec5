//! A client is told once before its token ends, in time to bring another one.

use std::{rc::Rc, time::Duration};

use rookery_chat::{Moment, Session};

use super::{Connection, Worker};
use crate::wire;

/// In what a connection keeps how long before the end it is told.
const STEP_MS: u64 = 100;

impl Connection {
    /// The session has a token that ends then: the client is to be told before.
    ///
    /// That is never sooner than half of the time that is left, or a client that renews
    /// short tokens would be told behind each of them at once.
    pub(crate) fn tell_before_end(&self, session: &Session, worker: &Worker) {
        let left = session.expires().saturating_duration_since(Moment::now());
        let half = u64::try_from(left.as_millis() / 2).unwrap_or(u64::MAX);
        let before_ms = half.min(worker.node.settings.auth.expiring_ms.into());
        let steps = u16::try_from(before_ms / STEP_MS).unwrap_or(u16::MAX);
        self.told_before_end.set(steps);
    }

    /// When the client is to be told, or, where it was, when its token ends.
    pub(super) fn token_deadline(&self, session: &Session) -> Moment {
        let before = Duration::from_millis(u64::from(self.told_before_end.get()) * STEP_MS);
        session.expires().before(before)
    }

    /// Tells the client where that is due.
    pub(super) fn tell_of_end(self: &Rc<Self>, session: &Session, now: Moment, worker: &Worker) {
        if self.told_before_end.get() == 0 || self.token_deadline(session) > now {
            return;
        }
        self.told_before_end.set(0);
        let left = session.expires().saturating_duration_since(now).as_millis();
        let in_ms = u64::try_from(left).unwrap_or(u64::MAX);
        self.answer(wire::expiring(in_ms), worker);
    }
}
