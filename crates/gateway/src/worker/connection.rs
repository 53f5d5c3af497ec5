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
use rookery_chat::{
    Moment, Session,
    delivery::{ConnectionKey, WireNumber},
};
use rookery_protocol::{CloseCode, SessionId};
use rookery_websocket as websocket;

use super::{Bucket, Worker, outbox::Outbox};
use crate::settings::LimitSettings;

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
pub(crate) enum Turn {
    Read,
    Write,
    Finish,
}

/// Counts for the line that is logged at the end.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) frames_in: Cell<u32>,
    pub(crate) bytes_in: Cell<u64>,
}

/// A client's connection.
pub(crate) struct Connection {
    pub(crate) key: ConnectionKey,
    pub(crate) counts: Counts,
    /// Who it is, from `welcome` on.
    pub(crate) session: OnceCell<Rc<Session>>,
    /// How it is told things.
    pub(crate) wire: WireNumber,
    pub(crate) bucket: Cell<Bucket>,
    /// Where the client is, as far as trusted proxies tell.
    pub(crate) address: IpAddr,
    pub(crate) stream: TcpStream,
    pub(crate) reader: Cell<websocket::Reader>,
    pub(super) outbox: RefCell<Outbox>,
    /// The kernel took no more; the task waits until it does.
    pub(super) blocked: Cell<bool>,
    /// The bytes of the outbox that the metrics know of.
    pub(super) accounted: Cell<u32>,
    /// Frames were left unread when reading paused.
    pub(crate) unread: Cell<bool>,
    /// No further frame is read until `hello` is answered.
    pub(crate) held: Cell<bool>,
    /// The task does not read, and is to be woken when that may change.
    pub(super) paused: Cell<bool>,
    /// It was pinged since something was heard of it.
    pub(super) pinged: Cell<bool>,
    /// `hello` could not be carried out for now; it may be said again.
    put_off: Cell<bool>,
    /// How long before its token ends the client is told, in tenths of a second; 0 where
    /// it was.
    pub(super) told_before_end: Cell<u16>,
    /// The weight of the commands that are being carried out.
    pub(super) in_flight: Cell<u16>,
    /// The bytes that are being read from the store for it, about.
    pub(super) expected: Cell<u32>,
    end: Cell<Option<End>>,
    task: Cell<Option<Waker>>,
    pub(super) opened: Moment,
    /// When something was heard of it; a ping puts that off, so that there is
    /// time to answer it.
    pub(super) heard: Cell<Moment>,
    pub(super) drain_at: Cell<Option<Moment>>,
}

impl Connection {
    pub(crate) fn new(
        key: ConnectionKey,
        stream: TcpStream,
        address: IpAddr,
        wire: WireNumber,
        bucket: Bucket,
    ) -> Self {
        let now = Moment::now();
        Self {
            key,
            counts: Counts::default(),
            session: OnceCell::new(),
            bucket: Cell::new(bucket),
            address,
            wire,
            stream,
            reader: Cell::default(),
            outbox: RefCell::default(),
            blocked: Cell::new(false),
            accounted: Cell::new(0),
            unread: Cell::new(false),
            held: Cell::new(false),
            paused: Cell::new(false),
            pinged: Cell::new(false),
            put_off: Cell::new(false),
            told_before_end: Cell::new(0),
            in_flight: Cell::new(0),
            expected: Cell::new(0),
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

    /// Whether its client goes on where a room goes on in another epoch.
    pub(super) fn follows_epochs(&self) -> bool {
        let session = self.session.get();
        session.is_some_and(|session| session.follows_epochs())
    }

    /// Whether it has this session.
    pub(super) fn has_session(&self, id: &SessionId) -> bool {
        let session = self.session.get();
        session.is_some_and(|session| session.id() == *id)
    }

    /// Why it ends, once it does.
    pub(crate) fn ending(&self) -> Option<End> {
        self.end.get()
    }

    /// Something came from the client.
    pub(crate) fn heard_now(&self) {
        self.heard.set(Moment::now());
        self.pinged.set(false);
    }

    /// Waits for the next thing to do. Only the connection's task calls this.
    pub(crate) fn poll_turn(
        &self,
        context: &mut Context<'_>,
        limits: &LimitSettings,
    ) -> Poll<Turn> {
        self.task.set(Some(context.waker().clone()));
        if self.end.get().is_some() {
            return Poll::Ready(Turn::Finish);
        }
        if self.blocked.get() && self.stream.poll_write_ready(context).is_ready() {
            return Poll::Ready(Turn::Write);
        }
        let may_read = self.may_read(limits);
        if may_read && (self.unread.get() || self.stream.poll_read_ready(context).is_ready()) {
            return Poll::Ready(Turn::Read);
        }
        Poll::Pending
    }

    pub(super) fn wake(&self) {
        if let Some(task) = self.task.take() {
            task.wake();
        }
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

    /// Ends the connection from the node's side.
    pub(crate) fn close(&self, code: CloseCode, worker: &Worker) {
        if self.end.get().is_some() {
            return;
        }
        if code == CloseCode::SlowReader {
            worker.node.metrics.slow_consumer_closed();
        }
        self.finish(End::Closed(code));
    }

    /// Ends the connection, unless it has ended already; its task does the rest.
    pub(crate) fn finish(&self, end: End) {
        if self.end.get().is_none() {
            self.end.set(Some(end));
            self.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_connection_is_small() {
        // Whoever makes it larger pays for it a hundred thousand times per node. With the two
        // counts of an `Rc` it takes 256 bytes, which allocators give without waste.
        let bytes = size_of::<Connection>();
        assert!(bytes <= 240, "{bytes} bytes");
    }
}
