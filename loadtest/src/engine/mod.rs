//! The engine of the load generator: one thread that holds all connections,
//! sends what a scenario tells it to, and counts every delivery.
//!
//! # How a scenario uses it
//!
//! ```ignore
//! let mut engine = Engine::new(settings)?;
//! // Who sits where. Nothing is connected yet.
//! let room = engine.add_room();
//! for index in 0..members {
//!     engine.add_seat(engine.target_of(index), &[room]);
//! }
//! // Connect, say hello and join: a bounded number of handshakes at a time.
//! for seat in engine.seat_ids() {
//!     engine.connect(seat, engine.now());
//! }
//! while engine.joined() < engine.seats() {
//!     engine.turn(engine.now().plus_seconds(0.1))?;
//! }
//! // Send by a schedule, and let time pass in between.
//! engine.begin();
//! while engine.now() < end && !stop.requested() {
//!     while let Some(intended) = schedule.take_due(engine.now()) {
//!         engine.send(member, intended);
//!     }
//!     engine.turn(schedule.next())?;
//! }
//! engine.end();
//! // Wait for what is on its way, then read the counts.
//! engine.drain(Duration::from_secs(10), &stop)?;
//! let counts = engine.counts();
//! ```
//!
//! `scenario::stage` does the first and the last part, `scenario::load` the middle
//! one, for open and closed loops. Beyond that:
//!
//! - **Connecting at a rate**: call [`Engine::connect`] with the time at which it
//!   was to happen; the handshake (TCP, upgrade, `hello`, all joins) is counted
//!   from then, in `tally().connect`.
//! - **Coming back**: [`Engine::drop_connection`] closes a socket at once, and
//!   `connect` on the same seat resumes with the cursor (epoch, seq) that the
//!   seat had reached. What was missed is counted out of the answer, in
//!   `tally().resume`, `.recovered`, `.not_recovered`; a message that was sent
//!   but not answered before the connection ended is sent again with its nonce.
//! - **Stalled readers**: [`Engine::set_receive_buffer`] before connecting,
//!   [`Engine::stall`], and later [`Engine::read_on`].
//! - **What happened** (joined, lost) is in [`Engine::take_happened`].
//!   A lost connection is not made again unless the scenario does it; when a
//!   client would is said by [`Engine::comes_back_at`].
//! - **Attempts that hang**: after [`Engine::give_up_attempts_after`] they are
//!   given up when their time is over.
//! - **Visitors**: a seat that [`Engine::add_visitor`] made is owed nothing, so
//!   that it may come and go at any time; the order of what it gets is checked.
//! - **Several engines**: each counts what its own seats are owed of another's
//!   message once it was told of it by [`Engine::announce`].
//! - **One log**: after [`Engine::audit_logs`] all members of a room must see
//!   the same message at the same number.
//! - **Refusals that pass**: after [`Engine::repeat_unavailable`] a message that
//!   was refused as unavailable is sent again, with its nonce.
//! - **Loss**: a message owes a delivery to each member that had joined when it
//!   was sent, whether that member is connected at the moment or not, until
//!   [`Engine::retire`].
//!
//! # What it must never do
//!
//! Block, except in [`Engine::turn`]; call back into a scenario; allocate or
//! parse JSON for a delivery; hide lateness: latencies count from the time at
//! which a message was *meant* to be sent.

mod account;
mod connecting;
mod counting;
mod frame;
mod ids;
mod ledger;
mod log;
mod marker;
pub(crate) mod open_files;
mod order;
mod receiving;
mod repeat;
mod returning;
mod schedule;
mod seat;
mod seating;
mod sending;
mod stop;
mod tally;
mod target;
mod turning;
mod wake;
pub(crate) mod wire;

use std::{
    collections::{BTreeMap, VecDeque},
    io,
    ops::Range,
    time::Instant,
};

use mio::{Events, Poll, Token};

use ledger::Ledger;
use repeat::Repeats;
use returning::Attempt;
use seat::{Membership, Room, Seat};
use tally::Span;
use turning::Ready;
use wake::Wake;
use wire::{Layouts, Wire};

pub(crate) use ids::{MembershipId, MessageNumber, Nanos, RoomIndex, SeatId, TargetIndex};
pub(crate) use schedule::Schedule;
pub(crate) use stop::Stop;
pub(crate) use tally::{Latency, Tally};
pub(crate) use target::Target;

/// What an engine is made with.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) targets: Vec<Target>,
    pub(crate) wire: Wire,
    /// A word that the names of rooms and users begin with, so that runs
    /// against one store do not meet: letters and digits.
    pub(crate) run: String,
    /// Which of several engines of one run this is, from 0: they share rooms,
    /// but neither users nor the addresses that connections come from.
    pub(crate) part: u16,
    /// Bytes of each message's text.
    pub(crate) text_bytes: usize,
    /// How many connections may be in the making at once.
    pub(crate) handshakes: usize,
}

/// What a scenario may want to know of a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Happened {
    /// A seat is in all its rooms.
    Joined {
        seat: SeatId,
        /// From the intended time of connecting.
        took_us: u64,
        /// Whether it came back with a cursor.
        returned: bool,
    },
    /// A connection ended, or could not be made, without being asked to.
    Lost { seat: SeatId, why: String },
    /// An attempt to connect was given up, after [`Engine::give_up_attempts_after`].
    GivenUp { seat: SeatId, why: String },
}

/// Bytes that one read takes at most: what fits a second-level cache.
const READ_BUFFER: usize = 256 << 10;

/// Sockets that one turn looks at: few enough that what falls due in between is
/// not late.
const EVENTS: usize = 128;

const WAKE: Token = Token(usize::MAX);

/// Different reasons that are kept; more are counted together.
const MOST_REASONS: usize = 16;

/// All connections of a run.
#[derive(Debug)]
pub(crate) struct Engine {
    settings: Settings,
    started: Instant,
    poll: Poll,
    events: Events,
    wake: Wake,
    /// Sockets that have something to do in this turn.
    ready: Vec<Ready>,

    rooms: Vec<Room>,
    seats: Vec<Seat>,
    memberships: Vec<Membership>,
    /// Seats that wait for their turn to connect.
    waiting: VecDeque<SeatId>,
    /// Connections in the making.
    under_way: usize,
    joined: usize,
    /// Attempts to connect, ever.
    attempts: u64,
    /// How long one may take, in seconds, and those that may still be under way,
    /// the oldest first.
    patience_s: Option<f64>,
    attempts_under_way: VecDeque<Attempt>,

    ledger: Ledger,
    tally: Tally,
    span: Option<Span>,
    /// The messages of the measured span.
    measured: Range<u32>,

    buffer: Vec<u8>,
    layouts: Layouts,
    /// A payload that is being written, and its frame.
    payload: Vec<u8>,
    frame: Vec<u8>,
    mask: u32,

    happened: Vec<Happened>,
    /// The rooms of messages that reached everybody, where a closed loop wants them.
    finished: Option<Vec<RoomIndex>>,
    /// Whether rooms keep a log that all members are compared with.
    audits: bool,
    repeats: Option<Repeats>,
    /// Why connections were lost and messages refused.
    reasons: BTreeMap<String, u64>,
}

impl Engine {
    /// An engine without seats.
    ///
    /// # Errors
    ///
    /// Where the kernel gives no poll or timer.
    pub(crate) fn new(settings: Settings) -> io::Result<Self> {
        let poll = Poll::new()?;
        let wake = Wake::new(poll.registry(), WAKE)?;
        Ok(Self {
            settings,
            started: Instant::now(),
            poll,
            events: Events::with_capacity(EVENTS),
            wake,
            ready: Vec::with_capacity(EVENTS),
            rooms: Vec::new(),
            seats: Vec::new(),
            memberships: Vec::new(),
            waiting: VecDeque::new(),
            under_way: 0,
            joined: 0,
            attempts: 0,
            patience_s: None,
            attempts_under_way: VecDeque::new(),
            ledger: Ledger::new(),
            tally: Tally::default(),
            span: None,
            measured: u32::MAX..u32::MAX,
            buffer: vec![0; READ_BUFFER],
            layouts: Layouts::new(),
            payload: Vec::new(),
            frame: Vec::new(),
            mask: 0x9e37_79b9,
            happened: Vec::new(),
            finished: None,
            audits: false,
            repeats: None,
            reasons: BTreeMap::new(),
        })
    }

    /// An engine for the same targets: a part of the same run, for another thread.
    ///
    /// # Errors
    ///
    /// Where the kernel gives no poll or timer.
    pub(crate) fn sibling(&self, part: u16) -> io::Result<Self> {
        Self::new(Settings {
            part,
            run: format!("{}p{part}", self.settings.run),
            ..self.settings.clone()
        })
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Has so many connections be in the making at once from here on.
    pub(crate) fn allow_handshakes(&mut self, handshakes: usize) {
        self.settings.handshakes = handshakes;
    }

    /// Whether every message is answered to its sender.
    pub(crate) fn acknowledges(&self) -> bool {
        self.settings.wire.acknowledges()
    }

    /// The target of the so-manieth member of a room: the targets in turn.
    pub(crate) fn target_of(&self, index: usize) -> TargetIndex {
        TargetIndex((index % self.settings.targets.len().max(1)) as u16)
    }

    /// Now, on the clock of all times of this engine.
    pub(crate) fn now(&self) -> Nanos {
        Nanos(self.started.elapsed().as_nanos() as u64)
    }

    /// A moment on that clock; 0 for what was before.
    pub(crate) fn at(&self, moment: Instant) -> Nanos {
        let since = moment.saturating_duration_since(self.started);
        Nanos(since.as_nanos() as u64)
    }

    pub(crate) fn seats(&self) -> usize {
        self.seats.len()
    }

    /// All seats.
    pub(crate) fn seat_ids(&self) -> impl Iterator<Item = SeatId> + use<> {
        (0..self.seats.len() as u32).map(SeatId)
    }

    /// All rooms.
    pub(crate) fn room_indices(&self) -> impl Iterator<Item = RoomIndex> + use<> {
        (0..self.rooms.len() as u32).map(RoomIndex)
    }

    pub(crate) fn rooms(&self) -> &[Room] {
        &self.rooms
    }

    pub(crate) fn membership(&self, id: MembershipId) -> &Membership {
        &self.memberships[id.0 as usize]
    }

    /// Seats that are connected and in all their rooms.
    pub(crate) fn joined(&self) -> usize {
        self.joined
    }

    /// Attempts to connect, ever.
    pub(crate) fn attempts(&self) -> u64 {
        self.attempts
    }

    /// Seats that are connecting or wait to.
    pub(crate) fn connecting(&self) -> usize {
        self.under_way + self.waiting.len()
    }

    /// Messages that lack a delivery or their acknowledgement.
    pub(crate) fn unsettled(&self) -> u32 {
        self.ledger.unsettled()
    }

    pub(crate) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// What happened since this was asked last.
    pub(crate) fn take_happened(&mut self) -> Vec<Happened> {
        std::mem::take(&mut self.happened)
    }

    /// Why connections were lost and messages refused, and how often each.
    pub(crate) fn reasons(&self) -> &BTreeMap<String, u64> {
        &self.reasons
    }

    fn note_reason(&mut self, reason: String) {
        let key = if self.reasons.len() < MOST_REASONS || self.reasons.contains_key(&reason) {
            reason
        } else {
            "other reasons".into()
        };
        *self.reasons.entry(key).or_default() += 1;
    }

    /// Where a seat connects to.
    pub(crate) fn address_of(&self, seat: SeatId) -> std::net::SocketAddr {
        let target = self.seats[seat.0 as usize].target;
        self.settings.targets[usize::from(target.0)].address
    }
}
