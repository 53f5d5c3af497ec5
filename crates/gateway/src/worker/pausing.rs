//! When a connection's frames are read, and when reading pauses.
//!
//! It pauses while `hello` is being answered, while too much is being carried
//! out, and while the client does not take what it asked for. Whatever can end a
//! pause has the connection's task look again: a task that pauses waits for
//! nothing else.

use std::rc::Rc;

use super::Connection;
use crate::settings::LimitSettings;

/// The most weight of one connection's commands that are being carried out;
/// no further frame is read while there is as much.
const MOST_IN_FLIGHT: u16 = 256;

/// How much a command weighs while it is being carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
enum Weight {
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
    /// The bytes that are being read from the store for it, about.
    expected: u32,
}

impl Connection {
    /// Whether the next frame may be taken. Where not, the task is woken when
    /// that may have changed.
    pub(crate) fn may_read(&self, limits: &LimitSettings) -> bool {
        let below = |bytes: usize, limit: usize| limit == 0 || bytes < limit;
        let waiting = self.outbox.borrow().asked();
        let coming = waiting.saturating_add(self.expected.get() as usize);
        let may_read = !self.held.get()
            && self.in_flight.get() < MOST_IN_FLIGHT
            && below(waiting, limits.outbox_bytes)
            && below(coming, limits.answer_bytes_per_connection);
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
    pub(crate) fn begin_writing(self: &Rc<Self>) -> InFlight {
        self.begin(Weight::Writing, 0)
    }

    /// The same with one that reads so many bytes, about.
    pub(crate) fn begin_reading(self: &Rc<Self>, bytes: usize) -> InFlight {
        self.begin(Weight::Reading, bytes)
    }

    fn begin(self: &Rc<Self>, weight: Weight, bytes: usize) -> InFlight {
        let (in_flight, expected) = (self.in_flight.get(), self.expected.get());
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let bytes = bytes.min(u32::MAX - expected);
        self.in_flight.set(in_flight.saturating_add(weight as u16));
        self.expected.set(expected + bytes);
        InFlight {
            connection: Rc::clone(self),
            weight,
            expected: bytes,
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
        let Connection {
            in_flight,
            expected,
            ..
        } = &*self.connection;
        in_flight.set(in_flight.get().saturating_sub(self.weight as u16));
        expected.set(expected.get().saturating_sub(self.expected));
        self.connection.look_whether_to_read_on();
    }
}
