//! A worker: one thread, the sockets that it owns, and who of them is in which room.
//!
//! Everything here lives on one thread and needs no lock; other threads reach
//! it through its inbox only. Nothing here waits for a client.

mod connections;
mod deadlines;
mod flusher;
mod inbox;
mod local_room;
mod slow_readers;

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
    sync::Arc,
};

use rookery_protocol::RoomId;

pub(crate) use connections::ConnectionKey;
use connections::Connections;
use deadlines::Deadlines;
pub(crate) use inbox::{Instruction, Workers};
use local_room::LocalRoom;
use slow_readers::SlowReaders;

use crate::{
    hub::Hub,
    session::SeatNumber,
    socket::{self, Connection, Endings},
};

/// The bytes read from a socket at once, by all connections of a thread in turn.
const SCRATCH_BYTES: usize = 64 * 1024;

/// One thread's share of the node.
pub(crate) struct Worker {
    /// Its number among the node's workers.
    pub(crate) number: usize,
    pub(crate) hub: Arc<Hub>,
    /// Sockets are read into this, one after the other.
    pub(crate) scratch: RefCell<Vec<u8>>,
    /// Short frames are put together here to be written as one piece.
    pub(crate) joined: RefCell<Vec<u8>>,
    connections: RefCell<Connections>,
    rooms: RefCell<HashMap<RoomId, LocalRoom>>,
    deadlines: RefCell<Deadlines>,
    /// Connections whose kernel takes no more.
    pub(crate) slow_readers: SlowReaders,
    /// Connections with answers that the flusher is to write.
    unflushed: RefCell<Vec<Rc<Connection>>>,
    /// How often sockets were read.
    readings: Cell<u64>,
    /// Connections that have ended, to be cleaned up after.
    pub(crate) endings: Endings,
    draining: Cell<bool>,
    /// How many seats in rooms were taken, give or take whole rounds.
    seats: Cell<u32>,
}

impl Worker {
    /// Makes the worker of this thread and starts its loops.
    pub(crate) fn start(hub: Arc<Hub>) -> Rc<Self> {
        let worker = Rc::new(Self {
            number: hub.workers.take_number(),
            hub,
            scratch: RefCell::new(vec![0; SCRATCH_BYTES]),
            joined: RefCell::default(),
            connections: RefCell::default(),
            rooms: RefCell::default(),
            deadlines: RefCell::default(),
            slow_readers: SlowReaders::default(),
            unflushed: RefCell::default(),
            readings: Cell::new(0),
            endings: Endings::default(),
            draining: Cell::new(false),
            seats: Cell::new(0),
        });
        let supervisor = &worker.hub.supervisor;
        let this = || Rc::clone(&worker);
        actix_rt::spawn(supervisor.endless("flusher", flusher::run(this())));
        actix_rt::spawn(supervisor.endless("deadlines", deadlines::run(this())));
        actix_rt::spawn(supervisor.endless("slow readers", slow_readers::run(this())));
        actix_rt::spawn(supervisor.endless("endings", socket::run_endings(this())));
        worker
    }

    /// A number for a seat that is being taken.
    pub(crate) fn next_seat(&self) -> SeatNumber {
        self.seats.set(self.seats.get().wrapping_add(1));
        SeatNumber(self.seats.get())
    }

    /// Puts an instruction into this worker's own inbox, behind those of the rooms.
    pub(crate) fn tell_oneself(&self, instruction: Instruction) {
        self.hub.workers.give(self.number, instruction);
    }

    /// Something was read: the flusher waits for what else is ready.
    pub(crate) fn count_reading(&self) {
        self.readings.set(self.readings.get().wrapping_add(1));
    }

    /// Has the flusher send what was given to the store, together with what
    /// comes from the sockets that are ready too.
    pub(crate) fn send_appends_soon(&self) {
        self.hub.workers.wake(self.number);
    }

    /// Has the flusher write what was put into the connection's outbox,
    /// together with whatever else is about to be written.
    pub(crate) fn flush_soon(&self, connection: &Rc<Connection>) {
        self.unflushed.borrow_mut().push(Rc::clone(connection));
        self.hub.workers.wake(self.number);
    }
}
