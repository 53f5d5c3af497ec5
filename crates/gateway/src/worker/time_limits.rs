//! What a connection has only so long for: `hello`, a sign of life, its token,
//! and its stay on a node that drains. Slow readers stand elsewhere.

use std::{mem::MaybeUninit, rc::Rc, time::Duration};

use rookery_chat::Moment;
use rookery_protocol::CloseCode;
use rookery_websocket as websocket;
use socket2::SockRef;

use super::{Connection, Worker};

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
        let settings = &worker.node.settings;
        let beat = Duration::from_millis(settings.heartbeat_ms);
        // First a ping, then, still silent, the end.
        let heartbeat = self.heard.get() + beat * if self.pinged.get() { 2 } else { 1 };
        let other = match self.session.get() {
            Some(session) => Some(self.token_deadline(session)),
            None if settings.limits.hello_ms == 0 => None,
            None => Some(self.opened + Duration::from_millis(settings.limits.hello_ms)),
        };
        [Some(heartbeat), other, self.drain_at.get()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Does what is due at `now`. `stood_still` is whether this thread did not
    /// run for a while, so that nothing can be said of who was silent meanwhile.
    pub(crate) fn meet_deadlines(self: &Rc<Self>, now: Moment, stood_still: bool, worker: &Worker) {
        let settings = &worker.node.settings;
        let hello = Duration::from_millis(settings.limits.hello_ms);
        if self.drain_at.get().is_some_and(|at| at <= now) {
            return self.close(CloseCode::Draining, worker);
        }
        match self.session.get() {
            Some(session) if session.expires() <= now => {
                return self.close(CloseCode::TokenExpired, worker);
            }
            Some(session) => self.tell_of_end(session, now, worker),
            // It may have come while nobody could read it.
            None if stood_still && self.something_came() => {}
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
        self.look_for_life(now, stood_still, worker);
    }

    /// Pings who is silent, and closes who stays silent for as long again.
    fn look_for_life(self: &Rc<Self>, now: Moment, stood_still: bool, worker: &Worker) {
        let beat = Duration::from_millis(worker.node.settings.heartbeat_ms);
        let silent = now.saturating_duration_since(self.heard.get());
        if silent < beat {
            return;
        }
        // What came will be read, perhaps not before the client takes its answers.
        // Behind what it does not take no ping reaches it: it has a time of its own.
        if self.blocked.get() || self.something_came() {
            return self.heard_now();
        }
        if !self.pinged.replace(true) || stood_still {
            self.heard.set(now.before(beat));
            return self.answer(websocket::ping(), worker);
        }
        if silent >= 2 * beat {
            self.close(CloseCode::HeartbeatLost, worker);
        }
    }

    /// Whether bytes of the client wait to be read.
    fn something_came(&self) -> bool {
        let mut byte = [MaybeUninit::uninit()];
        let peeked = SockRef::from(&self.stream).peek(&mut byte);
        matches!(peeked, Ok(count) if count > 0)
    }
}
