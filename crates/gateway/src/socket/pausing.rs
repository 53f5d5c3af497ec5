//! When a connection's frames are read, and when reading pauses.
//!
//! It pauses while `hello` is being answered, while too much is being carried
//! out, and while the client does not take what it asked for. Whatever can end a
//! pause has the connection's task look again: a task that pauses waits for
//! nothing else.

use std::rc::Rc;

use super::Connection;

/// The most weight of one connection's commands that are being carried out;
/// no further frame is read while there is as much.
const MOST_IN_FLIGHT: u32 = 256;

/// How much a command weighs while it is being carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Weight {
    /// It writes a little.
    Writing = 1,
    /// It may read a thousand events.
    Reading = 32,
}

/// No frame is read while this lives.
pub(crate) struct Held(Rc<Connection>);

/// A command that is being carried out.
pub(crate) struct InFlight {
    connection: Rc<Connection>,
    weight: Weight,
}

impl Connection {
    /// Whether the next frame may be taken. Where not, the task is woken when
    /// that may have changed.
    pub(super) fn may_read(&self, limit: usize) -> bool {
        let outbox = self.outbox.borrow();
        let patient = limit == 0 || outbox.asked() <= limit;
        let may_read = !self.held.get() && self.in_flight.get() < MOST_IN_FLIGHT && patient;
        self.paused.set(!may_read);
        may_read
    }

    /// Something went that reading may have paused for.
    pub(super) fn look_whether_to_read_on(&self) {
        if self.paused.replace(false) {
            self.wake();
        }
    }

    /// Reads no further frame for as long as what is given lives.
    pub(crate) fn hold(self: &Rc<Self>) -> Held {
        self.held.set(true);
        Held(Rc::clone(self))
    }

    /// A command is being carried out for as long as what is given lives.
    pub(crate) fn begin(self: &Rc<Self>, weight: Weight) -> InFlight {
        self.in_flight.set(self.in_flight.get() + weight as u32);
        InFlight {
            connection: Rc::clone(self),
            weight,
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.held.set(false);
        self.0.look_whether_to_read_on();
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let in_flight = &self.connection.in_flight;
        in_flight.set(in_flight.get().saturating_sub(self.weight as u32));
        self.connection.look_whether_to_read_on();
    }
}
