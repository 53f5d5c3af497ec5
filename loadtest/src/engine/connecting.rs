//! Making connections, ending them, and taking a lost one for what it is.

use std::io;

use mio::{Interest, Token, net::TcpStream};
use socket2::{Domain, Protocol, Socket, Type};

use super::{
    Engine, Happened, Nanos, SeatId, TargetIndex,
    frame::{self, Opcode},
    seat::{Phase, Seat},
    target::Target,
    wire::Join,
};

/// Attempts to connect that an engine makes before it comes from the
/// addresses of the next one.
const SOURCES_PER_PART: u64 = 5 * 4096;

impl Engine {
    /// Connects a seat, greets and joins its rooms; with its cursor where it was
    /// there before. `intended` is when that was to happen. A seat that is
    /// connected or connecting already is left alone.
    pub(crate) fn connect(&mut self, id: SeatId, intended: Nanos) {
        let seat = &mut self.seats[id.0 as usize];
        if seat.phase == Phase::Away {
            seat.phase = Phase::Waiting;
            seat.asked_at = intended;
            self.waiting.push_back(id);
        }
    }

    /// Ends a connection at once, as a process that dies does.
    pub(crate) fn drop_connection(&mut self, id: SeatId) {
        self.forget(id);
    }

    /// Ends a connection for good: from here on nothing is owed to the seat.
    /// Call it when nothing is under way.
    pub(crate) fn retire(&mut self, id: SeatId) {
        self.forget(id);
        let range = self.seats[id.0 as usize].membership_range();
        for membership in &mut self.memberships[range] {
            if membership.since.take().is_some() {
                self.rooms[membership.room.0 as usize].audience -= 1;
            }
        }
        self.seats[id.0 as usize].returning = false;
    }

    /// Has the kernel keep only so many unread bytes of a seat, from its next
    /// connection on.
    pub(crate) fn set_receive_buffer(&mut self, id: SeatId, bytes: usize) {
        self.seats[id.0 as usize].rare().receive_buffer = Some(bytes);
    }

    /// Has a seat that is away come back elsewhere.
    pub(crate) fn set_target(&mut self, id: SeatId, target: TargetIndex) {
        self.seats[id.0 as usize].target = target;
    }

    /// Stops reading from a connection.
    pub(crate) fn stall(&mut self, id: SeatId) {
        self.seats[id.0 as usize].stalled = true;
    }

    /// Reads again from a connection that was stalled.
    pub(crate) fn read_on(&mut self, id: SeatId) {
        let now = self.now();
        let seat = &mut self.seats[id.0 as usize];
        seat.stalled = false;
        seat.rare().there_since = Some(now);
        // The poll told of all that happened meanwhile, and nobody looked.
        self.read(id, true);
    }

    /// Whether it has no connection and none is being made.
    pub(crate) fn is_away(&self, id: SeatId) -> bool {
        self.seats[id.0 as usize].phase == Phase::Away
    }

    pub(crate) fn is_visitor(&self, id: SeatId) -> bool {
        self.seats[id.0 as usize].visitor
    }

    pub(crate) fn is_joined(&self, id: SeatId) -> bool {
        self.seats[id.0 as usize].phase == Phase::Joined
    }

    /// Begins as many of the waiting handshakes as may be under way.
    pub(super) fn start_waiting(&mut self) {
        while self.under_way < self.settings.handshakes {
            let Some(id) = self.waiting.pop_front() else {
                return;
            };
            if self.seats[id.0 as usize].phase != Phase::Waiting {
                continue;
            }
            self.seats[id.0 as usize].phase = Phase::Connecting;
            self.under_way += 1;
            self.note_attempt(id);
            if let Err(error) = self.start(id) {
                self.lose(id, format!("cannot connect: {error}"));
            }
        }
    }

    fn start(&mut self, id: SeatId) -> io::Result<()> {
        let seat = &mut self.seats[id.0 as usize];
        let target = &self.settings.targets[usize::from(seat.target.0)];
        let first = u64::from(self.settings.part) * SOURCES_PER_PART;
        self.attempts += 1;
        let mut socket = open(seat, target, first + self.attempts - 1)?;
        self.poll.registry().register(
            &mut socket,
            Token(id.0 as usize),
            Interest::READABLE | Interest::WRITABLE,
        )?;
        seat.socket = Some(socket);
        Ok(())
    }

    /// The TCP connection stands, or has failed.
    pub(super) fn connected(&mut self, id: SeatId) {
        let seat = &mut self.seats[id.0 as usize];
        let Some(socket) = &seat.socket else { return };
        let made = match socket.take_error() {
            Ok(None) => socket.peer_addr().map(drop),
            Ok(Some(error)) | Err(error) => Err(error),
        };
        match made {
            Ok(()) => {
                seat.phase = Phase::Upgrading;
                let target = &self.settings.targets[usize::from(seat.target.0)];
                let request = target.request(self.settings.wire.path());
                self.write(id, &request);
            }
            Err(error) if error.kind() == io::ErrorKind::NotConnected => {}
            Err(error) => self.lose(id, format!("cannot connect: {error}")),
        }
    }

    /// The WebSocket stands.
    pub(super) fn upgraded(&mut self, id: SeatId) {
        let seat = &mut self.seats[id.0 as usize];
        seat.phase = Phase::Greeting;
        seat.upgraded_at = Nanos(self.started.elapsed().as_nanos() as u64);
        seat.awaited_joins = seat.memberships;
        let mut out = Vec::new();
        self.payload.clear();
        let user = self.user(id);
        let joins_too = self.settings.wire.greet(&mut self.payload, &user);
        if !self.payload.is_empty() {
            frame::write(
                &mut out,
                Opcode::Text,
                &self.payload,
                self.mask.to_ne_bytes(),
            );
        }
        if joins_too {
            self.write_joins(id, &user, &mut out);
        }
        self.write(id, &out);
        self.joined_if_complete(id);
    }

    /// The server waits for the joins.
    pub(super) fn say_joins(&mut self, id: SeatId) {
        let mut out = Vec::new();
        let user = self.user(id);
        self.write_joins(id, &user, &mut out);
        self.write(id, &out);
    }

    fn write_joins(&mut self, id: SeatId, user: &str, out: &mut Vec<u8>) {
        for membership in &self.memberships[self.seats[id.0 as usize].membership_range()] {
            let room = &self.rooms[membership.room.0 as usize];
            let epoch = room.epochs.get(usize::from(membership.epoch));
            let epoch = epoch.filter(|_| membership.since.is_some());
            let join = Join {
                room: membership.room,
                name: &room.name,
                user,
                since: epoch.map(|epoch| (epoch.as_str(), membership.events.last)),
            };
            self.payload.clear();
            self.settings.wire.join(&mut self.payload, join);
            frame::write(out, Opcode::Text, &self.payload, self.mask.to_ne_bytes());
        }
    }

    /// One user for each seat, of one length.
    fn user(&self, id: SeatId) -> String {
        format!("{}-{}u{:06}", self.settings.run, self.settings.part, id.0)
    }

    /// Takes a seat for joined when the last of its joins is answered.
    pub(super) fn joined_if_complete(&mut self, id: SeatId) {
        let now = self.now();
        let seat = &mut self.seats[id.0 as usize];
        if seat.phase != Phase::Greeting || seat.awaited_joins > 0 {
            return;
        }
        seat.phase = Phase::Joined;
        self.under_way -= 1;
        self.joined += 1;
        let took_us = now.micros_since(seat.asked_at);
        let returned = std::mem::replace(&mut seat.returning, true);
        if returned {
            self.tally.resume.record(took_us);
            let since_upgrade = now.micros_since(seat.upgraded_at);
            self.tally.catch_up.record(since_upgrade);
            self.send_unanswered(id);
        } else {
            self.tally.connect.record(took_us);
        }
        self.happened.push(Happened::Joined {
            seat: id,
            took_us,
            returned,
        });
    }

    /// A connection ended without being asked to.
    pub(super) fn lose(&mut self, id: SeatId, why: String) {
        self.forget(id);
        self.tally.lost_connections += 1;
        self.note_reason(format!("connection lost: {why}"));
        self.happened.push(Happened::Lost { seat: id, why });
    }

    pub(super) fn forget(&mut self, id: SeatId) {
        let seat = &mut self.seats[id.0 as usize];
        // Closing the socket takes it out of the poll.
        seat.socket = None;
        seat.incomplete = Vec::new();
        seat.stalled = false;
        if let Some(rare) = &mut seat.rare {
            rare.unsent = Vec::new();
            rare.fragments = Vec::new();
        }
        match std::mem::replace(&mut seat.phase, Phase::Away) {
            Phase::Joined => {
                self.joined -= 1;
                self.judge(id);
            }
            phase if phase.under_way() => self.under_way -= 1,
            _ => {}
        }
    }
}

fn open(seat: &Seat, target: &Target, attempt: u64) -> io::Result<TcpStream> {
    let socket = Socket::new(
        Domain::for_address(target.address),
        Type::STREAM.nonblocking().cloexec(),
        Some(Protocol::TCP),
    )?;
    socket.set_tcp_nodelay(true)?;
    if let Some(bytes) = seat.rare.as_ref().and_then(|rare| rare.receive_buffer) {
        socket.set_recv_buffer_size(bytes)?;
    }
    if let Some(source) = target.source(attempt) {
        socket.bind(&source.into())?;
    }
    match socket.connect(&target.address.into()) {
        Err(error)
            if error.raw_os_error() != Some(rustix::io::Errno::INPROGRESS.raw_os_error()) =>
        {
            Err(error)
        }
        _ => Ok(TcpStream::from_std(socket.into())),
    }
}
