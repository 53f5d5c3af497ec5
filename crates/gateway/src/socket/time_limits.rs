//! What a connection has only so long for: `hello`, a sign of life, its token,
//! and its stay on a node that drains.

use std::{rc::Rc, time::Duration};

use rookery_protocol::{CloseCode, websocket};

use super::Connection;
use crate::{clock::Moment, worker::Worker};

impl Connection {
    /// The node drains: this connection goes after that time.
    pub(crate) fn drain_after(&self, after_ms: u64) {
        self.drain_at
            .set(Some(Moment::now() + Duration::from_millis(after_ms)));
    }

    /// Whether it was told when to go.
    pub(crate) fn is_asked_to_go(&self) -> bool {
        self.drain_at.get().is_some()
    }

    /// When the connection wants to be looked at next.
    pub(crate) fn next_deadline(&self, worker: &Worker) -> Option<Moment> {
        let settings = &worker.hub.settings;
        let beat = Duration::from_millis(settings.heartbeat_ms);
        let silent = self.heard.get().elapsed();
        // First a ping, then, still silent, the end.
        let heartbeat = self.heard.get() + if silent < beat { beat } else { 2 * beat };
        let other = match self.session.get() {
            Some(session) => Some(session.expires),
            None if settings.limits.hello_ms == 0 => None,
            None => Some(self.opened + Duration::from_millis(settings.limits.hello_ms)),
        };
        [Some(heartbeat), other, self.drain_at.get()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Does what is due at `now`.
    pub(crate) fn meet_deadlines(self: &Rc<Self>, now: Moment, worker: &Worker) {
        let settings = &worker.hub.settings;
        let beat = Duration::from_millis(settings.heartbeat_ms);
        let silent = now.saturating_duration_since(self.heard.get());
        let hello = Duration::from_millis(settings.limits.hello_ms);
        if self.drain_at.get().is_some_and(|at| at <= now) {
            return self.close(CloseCode::Draining, worker);
        }
        match self.session.get() {
            Some(session) if session.expires <= now => {
                return self.close(CloseCode::TokenExpired, worker);
            }
            None if !hello.is_zero() && self.age() >= hello => {
                // Whoever was put off did as it should, and is to come back.
                let code = match self.is_put_off() {
                    true => CloseCode::Internal,
                    false => CloseCode::NoHello,
                };
                return self.close(code, worker);
            }
            _ => {}
        }
        if silent >= 2 * beat {
            self.close(CloseCode::HeartbeatLost, worker);
        } else if silent >= beat {
            self.answer(websocket::ping(), worker);
        }
    }
}
