//! A worker: one thread, the sockets that it owns, and who of them is in which room.
//!
//! Everything here lives on one thread and needs no lock; other threads reach
//! it through its inbox only. Nothing here waits for a client, or knows what a
//! client may ask: that is for whoever serves the connections.

mod bucket;
mod closing;
mod connection;
mod connections;
mod deadlines;
mod endings;
mod evicting;
mod expiring;
mod flusher;
mod local_room;
mod members;
mod outbox;
mod pausing;
mod reading;
mod slow_readers;
mod spared;
mod time_limits;
mod writing;

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
    sync::Arc,
};

use rookery_chat::delivery::OwnInbox;
use rookery_protocol::RoomId;

pub(crate) use bucket::{Bucket, Charged, Cost};
pub(crate) use connection::{Connection, End, Turn};
use connections::Connections;
use deadlines::Deadlines;
use endings::Endings;
use evicting::Evicted;
use local_room::LocalRoom;
pub(crate) use pausing::InFlight;
pub(crate) use reading::read_once;
use slow_readers::SlowReaders;
use spared::Spared;

use crate::node::Node;

/// The bytes read from a socket at once, by all connections of a thread in turn.
const SCRATCH_BYTES: usize = 64 * 1024;

/// One thread's share of the node.
pub(crate) struct Worker {
    /// What the rooms, and others, tell it to do.
    pub(crate) inbox: OwnInbox,
    pub(crate) node: Arc<Node>,
    /// Sockets are read into this, one after the other.
    pub(crate) scratch: RefCell<Vec<u8>>,
    /// Short frames are put together here to be written as one piece.
    pub(crate) joined: RefCell<Vec<u8>>,
    connections: RefCell<Connections>,
    rooms: RefCell<HashMap<RoomId, Box<LocalRoom>>>,
    deadlines: RefCell<Deadlines>,
    /// Connections whose kernel takes no more.
    slow_readers: SlowReaders,
    /// Those of them that were spared notices.
    spared: Spared,
    /// Connections with answers that the flusher is to write.
    unflushed: RefCell<Vec<Rc<Connection>>>,
    /// How often sockets were read.
    reads: Cell<u64>,
    /// Connections that have ended, to be cleaned up after.
    endings: Endings,
    evicted: RefCell<Evicted>,
    draining: Cell<bool>,
}

impl Worker {
    /// Makes the worker of this thread and starts its loops.
    pub(crate) fn start(node: Arc<Node>, inbox: OwnInbox) -> Rc<Self> {
        let worker = Rc::new(Self {
            inbox,
            node,
            scratch: RefCell::new(vec![0; SCRATCH_BYTES]),
            joined: RefCell::default(),
            connections: RefCell::default(),
            rooms: RefCell::default(),
            deadlines: RefCell::default(),
            slow_readers: SlowReaders::default(),
            spared: Spared::default(),
            unflushed: RefCell::default(),
            reads: Cell::new(0),
            endings: Endings::default(),
            evicted: RefCell::default(),
            draining: Cell::new(false),
        });
        let supervisor = worker.node.chat.background().supervisor();
        let this = || Rc::clone(&worker);
        actix_rt::spawn(supervisor.endless("flusher", flusher::run(this())));
        actix_rt::spawn(supervisor.endless("deadlines", deadlines::run(this())));
        actix_rt::spawn(supervisor.endless("slow readers", slow_readers::run(this())));
        actix_rt::spawn(supervisor.endless("endings", endings::run(this())));
        worker
    }

    /// Something was read: the flusher waits for what else is ready.
    pub(crate) fn count_read(&self) {
        self.reads.set(self.reads.get().wrapping_add(1));
    }

    /// Has the flusher send what was given to the store, together with what
    /// comes from the sockets that are ready too.
    pub(crate) fn send_appends_soon(&self) {
        self.inbox.wake();
    }

    /// Has the flusher write what was put into the connection's outbox,
    /// together with whatever else is about to be written.
    pub(crate) fn flush_soon(&self, connection: &Rc<Connection>) {
        self.unflushed.borrow_mut().push(Rc::clone(connection));
        self.inbox.wake();
    }
}
