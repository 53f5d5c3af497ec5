//! One client's connection, as its worker knows it.
//!
//! It is shared by the task that serves the socket and by the worker that
//! writes to it, both on one thread. Writing never waits: what the kernel does
//! not take at once goes into the outbox, and the task sends it on when the
//! socket is writable again.

use std::{
    borrow::Cow,
    cell::{Cell, OnceCell, RefCell},
    io,
    net::IpAddr,
    rc::Rc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use actix_rt::net::TcpStream;
use rookery_protocol::{CloseCode, RoomId, websocket};
use smallvec::SmallVec;

use super::outbox::Outbox;
use crate::{
    clock::Moment,
    session::{Bucket, RoomSeat, Session},
    worker::{ConnectionKey, Worker},
};

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

/// Why a connection ended or is about to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The node closes it.
    Closed(CloseCode),
    /// The client said that it leaves, with this code or with none.
    ByPeer(Option<u16>),
    /// The client is gone without a word, or the socket broke.
    Lost(io::ErrorKind),
}

impl End {
    /// A word or a code for the metrics.
    pub(super) fn label(self) -> Cow<'static, str> {
        match self {
            Self::Closed(code) => code.as_u16().to_string().into(),
            Self::ByPeer(_) => "client".into(),
            Self::Lost(_) => "lost".into(),
        }
    }
}

/// What the connection's task is to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    Read,
    Write,
    Finish,
}

/// Counts for the line that is logged at the end.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) frames_in: Cell<u32>,
    pub(crate) bytes_in: Cell<u64>,
    pub(crate) rooms_joined: Cell<u32>,
}

/// A client's connection.
pub(crate) struct Connection {
    pub(crate) key: ConnectionKey,
    pub(crate) counts: Counts,
    /// Who it is, from `welcome` on.
    pub(crate) session: OnceCell<Session>,
    /// The rooms that it is in or coming into. Most are in one, which needs no
    /// memory of its own.
    pub(crate) rooms: RefCell<SmallVec<[(RoomId, RoomSeat); 1]>>,
    pub(crate) bucket: Cell<Bucket>,
    /// Where the client is, as far as trusted proxies tell.
    pub(crate) address: IpAddr,
    pub(super) stream: TcpStream,
    pub(super) reader: RefCell<websocket::Reader>,
    pub(super) outbox: RefCell<Outbox>,
    /// The kernel took no more; the task waits until it does.
    pub(super) blocked: Cell<bool>,
    /// The bytes of the outbox that the metrics know of.
    pub(super) accounted: Cell<usize>,
    /// Frames were left unread when reading paused.
    pub(super) unread: Cell<bool>,
    /// No further frame is read until `hello` is answered.
    held: Cell<bool>,
    /// `hello` could not be carried out for now; it may be said again.
    put_off: Cell<bool>,
    /// Whether the client goes on where a room goes on in another epoch.
    pub(crate) follows_epochs: Cell<bool>,
    in_flight: Cell<u32>,
    end: Cell<Option<End>>,
    task: Cell<Option<Waker>>,
    pub(super) opened: Moment,
    pub(super) heard: Cell<Moment>,
    pub(super) drain_at: Cell<Option<Moment>>,
}

impl Connection {
    pub(crate) fn new(
        key: ConnectionKey,
        stream: TcpStream,
        address: IpAddr,
        bucket: Bucket,
    ) -> Self {
        let now = Moment::now();
        Self {
            key,
            counts: Counts::default(),
            session: OnceCell::new(),
            rooms: RefCell::default(),
            bucket: Cell::new(bucket),
            address,
            stream,
            reader: RefCell::default(),
            outbox: RefCell::default(),
            blocked: Cell::new(false),
            accounted: Cell::new(0),
            unread: Cell::new(false),
            held: Cell::new(false),
            put_off: Cell::new(false),
            follows_epochs: Cell::new(false),
            in_flight: Cell::new(0),
            end: Cell::new(None),
            task: Cell::new(None),
            opened: now,
            heard: Cell::new(now),
            drain_at: Cell::new(None),
        }
    }

    /// How long it has been open.
    pub(crate) fn age(&self) -> Duration {
        self.opened.elapsed()
    }

    /// Why it ends, once it does.
    pub(crate) fn ending(&self) -> Option<End> {
        self.end.get()
    }

    /// Something came from the client.
    pub(super) fn heard_now(&self) {
        self.heard.set(Moment::now());
    }

    /// Waits for the next thing to do. Only the connection's task calls this.
    pub(super) fn poll_turn(&self, context: &mut Context<'_>, limit: usize) -> Poll<Turn> {
        self.task.set(Some(context.waker().clone()));
        if self.end.get().is_some() {
            return Poll::Ready(Turn::Finish);
        }
        if self.blocked.get() && self.stream.poll_write_ready(context).is_ready() {
            return Poll::Ready(Turn::Write);
        }
        let may_read = self.may_read(limit);
        if may_read && (self.unread.get() || self.stream.poll_read_ready(context).is_ready()) {
            return Poll::Ready(Turn::Read);
        }
        Poll::Pending
    }

    /// Whether the next frame may be taken: not while `hello` is being
    /// answered, while too much is in flight, or while the client does not
    /// take the answers that it asked for.
    pub(super) fn may_read(&self, limit: usize) -> bool {
        let outbox = self.outbox.borrow();
        let asked = outbox.bytes() - outbox.backlog().min(outbox.bytes());
        let patient = limit == 0 || asked <= limit;
        !self.held.get() && self.in_flight.get() < MOST_IN_FLIGHT && patient
    }

    pub(super) fn wake(&self) {
        if let Some(task) = self.task.take() {
            task.wake();
        }
    }

    /// Reads no further frame for as long as what is given lives.
    pub(crate) fn hold(self: &Rc<Self>) -> Held {
        self.held.set(true);
        Held(Rc::clone(self))
    }

    /// `hello` could not be carried out for now, by no fault of the client.
    pub(crate) fn put_off(&self) {
        self.put_off.set(true);
    }

    /// Whether the client said a `hello` that could not be carried out, and no
    /// other one since that could.
    pub(crate) fn is_put_off(&self) -> bool {
        self.put_off.get() && self.session.get().is_none()
    }

    /// A command is being carried out for as long as what is given lives.
    pub(crate) fn begin(self: &Rc<Self>, weight: Weight) -> InFlight {
        self.in_flight.set(self.in_flight.get() + weight as u32);
        InFlight {
            connection: Rc::clone(self),
            weight,
        }
    }

    /// Ends the connection from the node's side.
    pub(crate) fn close(&self, code: CloseCode, worker: &Worker) {
        if self.end.get().is_some() {
            return;
        }
        if code == CloseCode::SlowReader {
            worker.hub.metrics.slow_consumer_closed();
        }
        self.finish(End::Closed(code));
    }

    /// Ends the connection, unless it has ended already; its task does the rest.
    pub(super) fn finish(&self, end: End) {
        if self.end.get().is_none() {
            self.end.set(Some(end));
            self.wake();
        }
    }
}

/// No frame is read while this lives.
pub(crate) struct Held(Rc<Connection>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.held.set(false);
        self.0.wake();
    }
}

/// A command that is being carried out.
pub(crate) struct InFlight {
    connection: Rc<Connection>,
    weight: Weight,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let in_flight = &self.connection.in_flight;
        let before = in_flight.get();
        in_flight.set(before.saturating_sub(self.weight as u32));
        if before >= MOST_IN_FLIGHT {
            self.connection.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_connection_is_small() {
        // Whoever makes it larger pays for it a hundred thousand times per node.
        let bytes = size_of::<Connection>();
        assert!(bytes <= 336, "{bytes} bytes");
    }
}
