//! Writing to a connection. It never waits: what the kernel does not take at once
//! goes into the outbox, and the connection's task sends it on when the socket is
//! writable again.

use std::{
    io::{self, IoSlice},
    os::fd::AsRawFd,
    rc::Rc,
};

use bytes::Bytes;
use rookery_protocol::CloseCode;
use socket2::SockRef;

use super::{Connection, End, Worker, outbox::Outbox};

/// The most bytes that are copied to be written as one piece.
const MOST_JOINED: usize = 8 * 1024;

impl Connection {
    /// Sends what the client asked for, soon, together with what else is sent then.
    pub(crate) fn answer(self: &Rc<Self>, frames: Bytes, worker: &Worker) {
        self.answer_with(worker, |outbox| outbox.push(frames, 0, true));
    }

    /// The same with one frame in two pieces, of which others share the second.
    pub(crate) fn answer_in_two(self: &Rc<Self>, beginning: Bytes, rest: Bytes, worker: &Worker) {
        self.answer_with(worker, |outbox| outbox.push_in_two(beginning, rest));
    }

    fn answer_with(self: &Rc<Self>, worker: &Worker, push: impl FnOnce(&mut Outbox)) {
        if self.ending().is_some() {
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
    /// only what is `durable`; whether it was spared the rest.
    pub(super) fn deliver(&self, all: &Bytes, durable: &Bytes, worker: &Worker) -> bool {
        if self.ending().is_some() {
            return false;
        }
        let limit = worker.node.settings.limits.outbox_bytes;
        let mut outbox = self.outbox.borrow_mut();
        if outbox.is_empty() {
            match self.send(all) {
                Ok(written) if written == all.len() => return false,
                Ok(written) => outbox.push(all.clone(), written, false),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    outbox.push(all.clone(), 0, false);
                }
                Err(error) => {
                    drop(outbox);
                    self.finish(End::Lost(error.kind()));
                    return false;
                }
            }
            drop(outbox);
            self.set_blocked(true, worker);
            return false;
        }
        if !self.blocked.get() {
            // Only answers of this very turn wait: one write takes them along.
            outbox.push(all.clone(), 0, false);
            drop(outbox);
            self.flush(worker);
            return false;
        }
        let shed = limit != 0 && outbox.backlog() > limit / 2;
        let frames = if shed { durable } else { all };
        let spared = frames.len() < all.len();
        if frames.is_empty() {
            return spared;
        }
        outbox.push(frames.clone(), 0, false);
        let full = limit != 0 && outbox.backlog() > limit;
        drop(outbox);
        self.account(worker);
        if full {
            self.close(CloseCode::SlowReader, worker);
        }
        spared
    }

    /// Looks at what [`Connection::deliver`] looks at.
    pub(crate) fn fetch(&self) {
        let ended = self.ending().is_some();
        std::hint::black_box((
            ended,
            self.outbox.borrow().is_empty(),
            self.stream.as_raw_fd(),
        ));
    }

    fn set_blocked(&self, blocked: bool, worker: &Worker) {
        let before = self.blocked.replace(blocked);
        match (before, blocked) {
            (_, true) => worker.slow_readers.took_a_part(self.key),
            (true, false) => {
                worker.slow_readers.took_all(self.key);
                worker.tell_what_was_spared(self);
            }
            (false, false) => {}
        }
        if before != blocked {
            self.wake();
        }
        self.account(worker);
    }

    /// Tells the metrics how many bytes wait here; those that are about to be
    /// written at the end of this turn do not count as waiting.
    fn account(&self, worker: &Worker) {
        let waiting = if self.blocked.get() {
            u32::try_from(self.outbox.borrow().bytes()).unwrap_or(u32::MAX)
        } else {
            0
        };
        let before = self.accounted.replace(waiting);
        if waiting != before {
            worker
                .node
                .metrics
                .outbox_changed(i64::from(waiting) - i64::from(before));
        }
    }

    /// Nothing waits here any more.
    pub(super) fn account_for_end(&self, worker: &Worker) {
        worker.slow_readers.took_all(self.key);
        worker.forget_spared(self);
        worker
            .node
            .metrics
            .outbox_changed(-i64::from(self.accounted.take()));
    }

    /// Writes as much of the outbox as the kernel takes; the rest of one that has
    /// ended is written when it says goodbye.
    pub(crate) fn flush(&self, worker: &Worker) {
        if self.ending().is_some() {
            return;
        }
        let mut outbox = self.outbox.borrow_mut();
        let waited = outbox.bytes();
        let written = outbox.write_with(|slices| self.write_together(slices, worker));
        let took_some = outbox.bytes() < waited;
        drop(outbox);
        match written {
            // Nothing new: it takes as little as before.
            Ok(false) if self.blocked.get() && !took_some => self.account(worker),
            Ok(empty) => {
                if self.blocked.get() {
                    // What it could not answer to before, it can now.
                    self.heard_now();
                }
                self.set_blocked(!empty, worker);
                self.look_whether_to_read_on();
            }
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
}
