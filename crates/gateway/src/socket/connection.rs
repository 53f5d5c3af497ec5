//! One client's connection, as its worker knows it.
//!
//! It is shared by the task that serves the socket and by the worker that
//! writes to it, both on one thread. Writing never waits: what the kernel does
//! not take at once goes into the outbox, and the task sends it on when the
//! socket is writable again.

use std::{
    borrow::Cow,
    cell::{Cell, OnceCell, RefCell},
    io::{self, IoSlice},
    net::IpAddr,
    os::fd::AsRawFd,
    rc::Rc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use actix_rt::net::TcpStream;
use bytes::Bytes;
use rookery_protocol::{CloseCode, RoomId, websocket};
use smallvec::SmallVec;
use socket2::SockRef;

use super::outbox::Outbox;
use crate::{
    clock::Moment,
    session::{Bucket, RoomSeat, Session},
    worker::{ConnectionKey, Worker},
};

/// The most weight of one connection's commands that are being carried out;
/// no further frame is read while there is as much.
const MOST_IN_FLIGHT: u32 = 256;

/// The most bytes that are copied to be written as one piece.
const MOST_JOINED: usize = 8 * 1024;

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
    /// The client said that it leaves.
    ByPeer,
    /// The client is gone without a word, or the socket broke.
    Lost(io::ErrorKind),
}

impl End {
    /// A word or a code for the metrics.
    pub(super) fn label(self) -> Cow<'static, str> {
        match self {
            Self::Closed(code) => code.as_u16().to_string().into(),
            Self::ByPeer => "client".into(),
            Self::Lost(_) => "lost".into(),
        }
    }
}

/// What the connection's task is to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    Read,
    Write,
    Finish(End),
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
    blocked: Cell<bool>,
    /// The bytes of the outbox that the metrics know of.
    accounted: Cell<usize>,
    /// Frames were left unread when reading paused.
    pub(super) unread: Cell<bool>,
    /// No further frame is read until `hello` is answered.
    held: Cell<bool>,
    /// `hello` could not be carried out for now; it may be said again.
    put_off: Cell<bool>,
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
        if let Some(end) = self.end.get() {
            return Poll::Ready(Turn::Finish(end));
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

    fn wake(&self) {
        if let Some(task) = self.task.take() {
            task.wake();
        }
    }

    /// Reads no further frame until [`Connection::release`].
    pub(crate) fn hold(&self) {
        self.held.set(true);
    }

    /// Reads on.
    pub(crate) fn release(&self) {
        self.held.set(false);
        self.wake();
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

    /// A command is being carried out.
    pub(crate) fn begin(&self, weight: Weight) {
        self.in_flight.set(self.in_flight.get() + weight as u32);
    }

    /// A command was answered.
    pub(crate) fn done(&self, weight: Weight) {
        let before = self.in_flight.get();
        self.in_flight.set(before.saturating_sub(weight as u32));
        if before >= MOST_IN_FLIGHT {
            self.wake();
        }
    }

    /// Sends what the client asked for, soon, together with what else is sent then.
    pub(crate) fn answer(self: &Rc<Self>, frames: Bytes, worker: &Worker) {
        self.answer_with(worker, |outbox| outbox.push(frames, 0, true));
    }

    /// The same with one frame in two pieces, of which others share the second.
    pub(crate) fn answer_in_two(self: &Rc<Self>, beginning: Bytes, rest: Bytes, worker: &Worker) {
        self.answer_with(worker, |outbox| outbox.push_in_two(beginning, rest));
    }

    fn answer_with(self: &Rc<Self>, worker: &Worker, push: impl FnOnce(&mut Outbox)) {
        if self.end.get().is_some() {
            return;
        }
        let mut outbox = self.outbox.borrow_mut();
        let first = outbox.is_empty();
        push(&mut outbox);
        if first && !outbox.is_empty() {
            worker.flush_soon(self);
        }
    }

    /// Sends a room's batch at once: `all` of it, or where the client is slow
    /// only what is `durable`.
    pub(crate) fn deliver(&self, all: &Bytes, durable: &Bytes, worker: &Worker) {
        if self.end.get().is_some() {
            return;
        }
        let limit = worker.hub.settings.limits.outbox_bytes;
        let mut outbox = self.outbox.borrow_mut();
        if outbox.is_empty() {
            match self.send(all) {
                Ok(written) if written == all.len() => return,
                Ok(written) => outbox.push(all.clone(), written, false),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    outbox.push(all.clone(), 0, false);
                }
                Err(error) => {
                    drop(outbox);
                    return self.finish(End::Lost(error.kind()));
                }
            }
            drop(outbox);
            return self.set_blocked(true, worker);
        }
        if !self.blocked.get() {
            // Only answers of this very turn wait: one write takes them along.
            outbox.push(all.clone(), 0, false);
            drop(outbox);
            return self.flush(worker);
        }
        let shed = limit != 0 && outbox.backlog() > limit / 2;
        let frames = if shed { durable } else { all };
        if frames.is_empty() {
            return;
        }
        outbox.push(frames.clone(), 0, false);
        let full = limit != 0 && outbox.backlog() > limit;
        drop(outbox);
        self.account(worker);
        if full {
            self.close(CloseCode::SlowReader, worker);
        }
    }

    /// Looks at what [`Connection::deliver`] looks at.
    pub(crate) fn fetch(&self) {
        let ended = self.end.get().is_some();
        std::hint::black_box((
            ended,
            self.outbox.borrow().is_empty(),
            self.stream.as_raw_fd(),
        ));
    }

    fn set_blocked(&self, blocked: bool, worker: &Worker) {
        if self.blocked.replace(blocked) != blocked {
            self.wake();
        }
        self.account(worker);
    }

    /// Tells the metrics how many bytes wait here; those that are about to be
    /// written at the end of this turn do not count as waiting.
    fn account(&self, worker: &Worker) {
        let waiting = if self.blocked.get() {
            self.outbox.borrow().bytes()
        } else {
            0
        };
        let before = self.accounted.replace(waiting);
        if waiting != before {
            worker
                .hub
                .metrics
                .outbox_changed(waiting as i64 - before as i64);
        }
    }

    /// Nothing waits here any more.
    pub(super) fn account_for_end(&self, worker: &Worker) {
        worker
            .hub
            .metrics
            .outbox_changed(-(self.accounted.take() as i64));
    }

    /// Writes as much of the outbox as the kernel takes.
    pub(crate) fn flush(&self, worker: &Worker) {
        let mut outbox = self.outbox.borrow_mut();
        let written = outbox.write_with(|slices| self.write_together(slices, worker));
        drop(outbox);
        match written {
            Ok(empty) => self.set_blocked(!empty, worker),
            Err(error) => self.finish(End::Lost(error.kind())),
        }
    }

    /// An answer and a few events are copied into one piece of memory, which
    /// the kernel takes faster than several.
    fn write_together(&self, slices: &[IoSlice<'_>], worker: &Worker) -> io::Result<usize> {
        let bytes: usize = slices.iter().map(|slice| slice.len()).sum();
        if bytes > MOST_JOINED {
            return self.stream.try_write_vectored(slices);
        }
        let mut joined = worker.joined.borrow_mut();
        joined.clear();
        for slice in slices {
            joined.extend_from_slice(slice);
        }
        match self.send(&joined) {
            // Said by the runtime, which has to know it to tell when there is room again.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.stream.try_write(&joined)
            }
            sent => sent,
        }
    }

    /// Past the runtime, whose record of the socket lies elsewhere in memory.
    fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        SockRef::from(&self.stream).send(bytes)
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

    /// Ends the connection; its task does the rest.
    pub(super) fn finish(&self, end: End) {
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
        // Whoever makes it larger pays for it a hundred thousand times per node.
        let bytes = size_of::<Connection>();
        assert!(bytes <= 336, "{bytes} bytes");
    }
}
