//! The task of one connection.

use std::{
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};

use rookery_protocol::{CloseCode, ErrorCode};
use rookery_websocket::{self as websocket, Incoming, ReadError, Reader};

use super::{charge, commands};
use crate::{
    node::OpenSocket,
    wire,
    worker::{Connection, Cost, End, Turn, Worker, read_once},
};

/// Serves a connection from the upgrade to its end. It is written out, and what
/// follows the end is not done here, since an idle connection is to cost no
/// more than these two pointers: tokio keeps a task of that size in 128 bytes.
pub(super) struct Serving {
    connection: Rc<Connection>,
    worker: Rc<Worker>,
}

impl Serving {
    /// Begins with a socket that was taken over; from now on it counts as open.
    pub(super) fn new(connection: Rc<Connection>, worker: Rc<Worker>) -> Self {
        OpenSocket::begin(&worker.node);
        Self { connection, worker }
    }
}

/// Whatever ended it, also a panic: the connection is cleaned up after, and
/// counts until then.
impl Drop for Serving {
    fn drop(&mut self) {
        let Self { connection, worker } = self;
        connection.finish(End::Closed(CloseCode::Internal));
        worker.clean_up_soon(Rc::clone(connection));
    }
}

impl Future for Serving {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Self { connection, worker } = &*self;
        let limits = &worker.node.settings.limits;
        loop {
            match ready!(connection.poll_turn(context, limits)) {
                Turn::Read => connection.read(worker),
                Turn::Write => connection.flush(worker),
                Turn::Finish => return Poll::Ready(()),
            }
        }
    }
}

impl Connection {
    /// Reads once from the socket, into the thread's scratch buffer.
    fn read(self: &Rc<Self>, worker: &Rc<Worker>) {
        if self.unread.replace(false) {
            return self.take(&mut [], worker);
        }
        let mut scratch = worker.scratch.borrow_mut();
        worker.count_read();
        match read_once(&self.stream, &mut scratch) {
            Ok(0) => self.finish(End::Lost(io::ErrorKind::UnexpectedEof)),
            Ok(count) => {
                self.heard_now();
                self.counts
                    .bytes_in
                    .set(self.counts.bytes_in.get() + count as u64);
                self.take(&mut scratch[..count], worker);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => self.finish(End::Lost(error.kind())),
        }
    }

    /// Takes the frames out of what came.
    pub(super) fn take(self: &Rc<Self>, chunk: &mut [u8], worker: &Rc<Worker>) {
        let mut reader = self.reader.take();
        self.take_with(&mut reader, chunk, worker);
        self.reader.set(reader);
    }

    fn take_with(self: &Rc<Self>, reader: &mut Reader, chunk: &mut [u8], worker: &Rc<Worker>) {
        let settings = &worker.node.settings;
        let mut frames = reader.frames(chunk, settings.limits.frame_bytes);
        while self.ending().is_none() {
            if !self.may_read(&settings.limits) {
                self.unread.set(true);
                return;
            }
            match frames.next() {
                Ok(None) => return,
                Ok(Some(incoming)) => self.receive(incoming, worker),
                Err(error) => return self.refuse_bytes(error, worker),
            }
        }
    }

    fn receive(self: &Rc<Self>, incoming: Incoming<'_>, worker: &Rc<Worker>) {
        let frames = &self.counts.frames_in;
        frames.set(frames.get().saturating_add(1));
        match incoming {
            Incoming::Text(text) => commands::receive(text, self, worker),
            Incoming::Ping(payload) => {
                let pong = websocket::pong(payload);
                if charge::charge_idle(self, None, worker) {
                    self.answer(pong, worker);
                }
            }
            Incoming::Pong => {
                charge::charge_in_silence(self, Cost::PONG, worker);
            }
            Incoming::Fragment { bytes } => {
                let cost = Cost::of_part(bytes, &worker.node.settings.limits);
                charge::charge_in_silence(self, cost, worker);
            }
            Incoming::TooLarge { error, bytes } => {
                let cost = Cost::of_too_large(bytes, &worker.node.settings.limits);
                if charge::charge_in_silence(self, cost, worker) {
                    self.say_error(ErrorCode::TooLarge, error.to_string(), worker);
                }
            }
            Incoming::Close(code) => self.finish(End::ByPeer(code)),
        }
    }

    /// Tells the client what was wrong with its bytes, and ends.
    fn refuse_bytes(self: &Rc<Self>, error: ReadError, worker: &Worker) {
        let (error_code, close_code) = match error {
            ReadError::Protocol(_) => return self.close(CloseCode::WebSocketProtocol, worker),
            ReadError::NotUtf8 => return self.close(CloseCode::NotUtf8, worker),
            ReadError::TooLarge(_) => (ErrorCode::TooLarge, CloseCode::TooLarge),
            ReadError::Binary => (ErrorCode::BadRequest, CloseCode::NotAFrame),
        };
        self.say_error(error_code, error.to_string(), worker);
        self.close(close_code, worker);
    }

    /// An error about bytes of which no id was read.
    fn say_error(self: &Rc<Self>, code: ErrorCode, message: String, worker: &Worker) {
        self.answer(wire::error(None, code, message, None), worker);
    }
}
