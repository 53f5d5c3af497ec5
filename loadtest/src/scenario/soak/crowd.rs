//! Who is there during a soak and what they do: members who come and go with a
//! cursor, visitors, and readers that stall for a while.

use std::{cmp::Reverse, collections::BinaryHeap};

use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};

use super::absence::Absences;
use crate::engine::{Engine, Happened, MembershipId, Nanos, RoomIndex, SeatId, TargetIndex};

/// The sizes of rooms, and of all connections the share that each size takes.
const MIXTURE: [(usize, f64); 4] = [(2, 0.1), (10, 0.3), (50, 0.3), (200, 0.3)];
/// Rooms that a member is in beside its own, at most.
const MOST_ROOMS: usize = 3;
/// Of all connections, those that come and go without a cursor.
const VISITORS: f64 = 0.05;
/// What share of the connections does this in a second.
const DROPS_PER_S: f64 = 0.01;
const STALLS_PER_S: f64 = 0.002;
/// How long somebody stays away or stalls, in seconds.
const AWAY_S: std::ops::Range<f64> = 0.05..3.0;
const STALL_S: std::ops::Range<f64> = 1.0..8.0;
const VISIT_S: std::ops::Range<f64> = 0.5..6.0;

/// All seats of a soak.
pub(super) struct Crowd {
    members: Vec<SeatId>,
    visitors: Vec<SeatId>,
    pub(super) rooms: Vec<RoomIndex>,
    targets: usize,
    rng: StdRng,
    /// What happens next, the soonest first.
    due: BinaryHeap<Reverse<(Nanos, SeatId, Act)>>,
    done: Acts,
    absences: Absences,
    next_drop: Nanos,
    next_stall: Nanos,
    settling: bool,
}

/// How often what was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Acts {
    pub(super) drops: u64,
    pub(super) returns: u64,
    pub(super) visits: u64,
    pub(super) stalls: u64,
    /// Connections that ended without our doing while nothing of theirs had stalled.
    pub(super) lost: u64,
    /// Stalled readers that the server closed.
    pub(super) closed_as_slow: u64,
    /// Attempts to connect that took too long.
    pub(super) given_up: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Act {
    ComeBack,
    ReadOn,
    Leave,
}

impl Crowd {
    /// Seats so many people; nobody is connected yet.
    pub(super) fn seat(engine: &mut Engine, connections: usize, targets: usize, seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let visitors = (connections as f64 * VISITORS) as usize;
        let rooms_of_members = assign_rooms(engine, connections - visitors, &mut rng);
        let mut members = Vec::new();
        for (index, rooms) in rooms_of_members.iter().enumerate() {
            members.push(engine.add_seat(engine.target_of(index), rooms));
        }
        let rooms: Vec<RoomIndex> = engine.room_indices().collect();
        let visitors = (0..visitors)
            .filter_map(|index| {
                let room = *rooms.choose(&mut rng)?;
                Some(engine.add_visitor(engine.target_of(index), &[room]))
            })
            .collect();
        Self {
            members,
            visitors,
            rooms,
            targets,
            rng,
            due: BinaryHeap::new(),
            done: Acts::default(),
            absences: Absences::default(),
            next_drop: Nanos(0),
            next_stall: Nanos(0),
            settling: false,
        }
    }

    pub(super) fn members(&self) -> &[SeatId] {
        &self.members
    }

    pub(super) fn acts(&self) -> Acts {
        self.done
    }

    pub(super) fn absences(&self) -> &Absences {
        &self.absences
    }

    /// From here on people come and go.
    pub(super) fn begin(&mut self, engine: &mut Engine) {
        let now = engine.now();
        self.next_drop = now;
        self.next_stall = now;
        for visitor in self.visitors.clone() {
            self.later(now, 0.0..4.0, visitor, Act::ComeBack);
        }
    }

    /// A member that can send to a room, if the one that was drawn is there.
    pub(super) fn draw_sender(&mut self, engine: &Engine) -> Option<MembershipId> {
        let room = *self.rooms.choose(&mut self.rng)?;
        let member = *engine.rooms()[room.0 as usize]
            .members
            .choose(&mut self.rng)?;
        let seat = engine.membership(member).seat;
        (engine.is_joined(seat) && !engine.is_visitor(seat)).then_some(member)
    }

    /// Does what is due, and takes what happened.
    pub(super) fn act(&mut self, engine: &mut Engine) {
        for happened in engine.take_happened() {
            self.take(engine, &happened);
        }
        let now = engine.now();
        while let Some(&Reverse((at, seat, act))) = self.due.peek() {
            if at > now {
                break;
            }
            self.due.pop();
            self.do_one(engine, seat, act, now);
        }
        if !self.settling {
            self.drop_some(engine, now);
            self.stall_some(engine, now);
        }
    }

    /// Ends the coming and going: all members come back and read, visitors leave.
    pub(super) fn settle(&mut self, engine: &mut Engine) {
        self.settling = true;
        let now = engine.now();
        for &visitor in &self.visitors {
            engine.retire(visitor);
        }
        for member in self.members.clone() {
            engine.read_on(member);
            self.come_back(engine, member, now);
        }
    }

    /// Whether all members are there.
    pub(super) fn is_whole(&self, engine: &Engine) -> bool {
        self.members.iter().all(|&seat| engine.is_joined(seat))
    }

    fn take(&mut self, engine: &mut Engine, happened: &Happened) {
        let now = engine.now();
        match happened {
            Happened::Joined { seat, .. } if engine.is_visitor(*seat) => {
                self.done.visits += 1;
                self.later(now, VISIT_S, *seat, Act::Leave);
            }
            Happened::Joined { seat, returned, .. } => {
                self.done.returns += u64::from(*returned);
                self.absences.end(*seat, now);
            }
            Happened::Lost { seat, why } => {
                if why.contains("4002") {
                    self.done.closed_as_slow += 1;
                } else {
                    self.done.lost += 1;
                }
                self.lost(engine, *seat, why);
            }
            Happened::GivenUp { seat, why } => {
                self.done.given_up += 1;
                self.lost(engine, *seat, why);
            }
        }
    }

    /// It comes back when a client would.
    fn lost(&mut self, engine: &mut Engine, seat: SeatId, why: &str) {
        if !engine.is_visitor(seat) {
            self.absences.lost(seat, engine.now(), why);
        }
        let at = engine.comes_back_at(seat, &mut self.rng);
        self.due.push(Reverse((at, seat, Act::ComeBack)));
    }

    fn do_one(&mut self, engine: &mut Engine, seat: SeatId, act: Act, now: Nanos) {
        match act {
            Act::ReadOn => engine.read_on(seat),
            Act::Leave if self.settling => {}
            Act::Leave => {
                engine.retire(seat);
                self.later(now, AWAY_S, seat, Act::ComeBack);
            }
            Act::ComeBack if self.settling && engine.is_visitor(seat) => {}
            Act::ComeBack => self.come_back(engine, seat, now),
        }
    }

    /// To any node, as behind a load balancer.
    fn come_back(&mut self, engine: &mut Engine, seat: SeatId, now: Nanos) {
        if !engine.is_away(seat) {
            return;
        }
        let target = self.rng.random_range(0..self.targets);
        engine.set_target(seat, TargetIndex(target as u16));
        engine.connect(seat, now);
    }

    fn drop_some(&mut self, engine: &mut Engine, now: Nanos) {
        let pause = 1.0 / (self.members.len() as f64 * DROPS_PER_S).max(0.1);
        while self.next_drop <= now {
            self.next_drop = self.next_drop.plus_seconds(pause);
            let Some(&seat) = self.members.choose(&mut self.rng) else {
                return;
            };
            if engine.is_joined(seat) {
                engine.drop_connection(seat);
                self.done.drops += 1;
                let back = self.later(now, AWAY_S, seat, Act::ComeBack);
                self.absences.begin(seat, now, back);
            }
        }
    }

    fn stall_some(&mut self, engine: &mut Engine, now: Nanos) {
        let pause = 1.0 / (self.members.len() as f64 * STALLS_PER_S).max(0.1);
        while self.next_stall <= now {
            self.next_stall = self.next_stall.plus_seconds(pause);
            let Some(&seat) = self.members.choose(&mut self.rng) else {
                return;
            };
            if engine.is_joined(seat) {
                engine.stall(seat);
                self.done.stalls += 1;
                self.later(now, STALL_S, seat, Act::ReadOn);
            }
        }
    }

    fn later(&mut self, now: Nanos, range: std::ops::Range<f64>, seat: SeatId, act: Act) -> Nanos {
        let at = now.plus_seconds(self.rng.random_range(range));
        self.due.push(Reverse((at, seat, act)));
        at
    }
}

/// The rooms of each member: one by the mixture, and up to two more.
fn assign_rooms(engine: &mut Engine, members: usize, rng: &mut StdRng) -> Vec<Vec<RoomIndex>> {
    let mut rooms_of_members: Vec<Vec<RoomIndex>> = Vec::with_capacity(members);
    for (size, share) in MIXTURE {
        let count = (members as f64 * share) as usize;
        for index in 0..count {
            if index % size == 0 {
                engine.add_room();
            }
            let room = RoomIndex(engine.rooms().len() as u32 - 1);
            rooms_of_members.push(vec![room]);
        }
    }
    // What rounding left over.
    while rooms_of_members.len() < members {
        rooms_of_members.push(vec![RoomIndex(0)]);
    }
    let all: Vec<RoomIndex> = engine.room_indices().collect();
    for rooms in &mut rooms_of_members {
        for _ in 1..rng.random_range(1..=MOST_ROOMS) {
            if let Some(room) = all.choose(rng)
                && !rooms.contains(room)
            {
                rooms.push(*room);
            }
        }
    }
    rooms_of_members
}
