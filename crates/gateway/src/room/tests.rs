//! A room against a naive model: whatever happens to the events between the
//! log and this node, every session gets its snapshot and then the log after
//! it, in order, once.

use std::collections::HashMap;

use bytes::Bytes;
use proptest::prelude::*;
use rookery_protocol::{Cursor, Epoch, Event, RoomId, User, UserId, websocket};

use super::{Attach, Room, Seat};
use crate::worker::{ConnectionKey, Instruction, Workers};

/// What the world does.
#[derive(Debug, Clone)]
enum Step {
    /// Somebody appends so many events.
    Append(u64),
    /// An event of the log comes, by an answer or the channel, perhaps not for
    /// the first time. The number picks one.
    Bring(u64),
    /// The healer reads a page of so many.
    Heal(u64),
    /// A session comes with a snapshot that is so many events old.
    Come(u64),
    /// The first session goes.
    Go,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (1..4u64).prop_map(Step::Append),
        8 => any::<u64>().prop_map(Step::Bring),
        2 => (1..6u64).prop_map(Step::Heal),
        2 => (0..8u64).prop_map(Step::Come),
        1 => Just(Step::Go),
    ]
}

/// A log, a room that follows it, and what each session was written.
struct World {
    room: Room,
    workers: Workers,
    epoch: Epoch,
    log: u64,
    keys: slotmap::SlotMap<ConnectionKey, ()>,
    /// Who is a member, as the worker has it.
    members: Vec<ConnectionKey>,
    /// The sequence of numbers that each session was written.
    got: HashMap<ConnectionKey, Vec<u64>>,
    went: Vec<ConnectionKey>,
}

impl World {
    fn new() -> Self {
        Self {
            room: Room::new(RoomId::new("r").unwrap(), 1),
            workers: Workers::new(1),
            epoch: Epoch::new("e").unwrap(),
            log: 0,
            keys: slotmap::SlotMap::with_key(),
            members: Vec::new(),
            got: HashMap::new(),
            went: Vec::new(),
        }
    }

    /// An event whose JSON is its number in eight bytes, so that frames can be read back.
    fn bring(&self, seq: u64) {
        let json = Bytes::copy_from_slice(&seq.to_be_bytes());
        self.room.offer(
            &self.epoch,
            Event {
                seq,
                expires_at: None,
                json,
            },
            &self.workers,
        );
    }

    fn heal(&self, many: u64) {
        let Some(position) = self.room.position() else {
            return;
        };
        for seq in position.seq + 1..=(position.seq + many).min(self.log) {
            self.bring(seq);
        }
        self.room.healing_done();
    }

    fn come(&mut self, age: u64) {
        let connection = self.keys.insert(());
        let mut attached = self.attach(connection, age);
        // As a join does: brought up where it is behind, read anew where outdated.
        for _ in 0..3 {
            match attached {
                Attach::Done { .. } => return,
                Attach::Behind(_) => self.heal(u64::MAX / 2),
                Attach::Outdated => {}
            }
            attached = self.attach(connection, 0);
        }
        panic!("{attached:?}");
    }

    fn attach(&self, connection: ConnectionKey, age: u64) -> Attach {
        let seat = Seat {
            worker: 0,
            connection,
        };
        let user = User {
            id: UserId::new("u").unwrap(),
            name: "U".into(),
        };
        let head = Cursor {
            epoch: self.epoch.clone(),
            seq: self.log.saturating_sub(age),
        };
        let answer = |_: &_| Some(head.seq.to_be_bytes().to_vec());
        self.room.attach(seat, &user, &head, answer, &self.workers)
    }

    fn go(&mut self) {
        if let Some(&connection) = self.members.first() {
            let room = self.room.id.clone();
            self.workers.give(
                0,
                Instruction::Detach {
                    room,
                    connection,
                    last: None,
                },
            );
            self.room.detach(0, &UserId::new("u").unwrap());
            self.went.push(connection);
        }
    }

    /// Does what a worker does.
    fn work(&mut self) {
        let mut instructions = Vec::new();
        self.workers.take_all(0, &mut instructions);
        for instruction in instructions {
            match instruction {
                Instruction::Deliver { frame, .. } => {
                    for member in &self.members {
                        self.got.entry(*member).or_default().extend(numbers(&frame));
                    }
                }
                Instruction::Attach {
                    connection, first, ..
                } => {
                    self.got.insert(connection, numbers(&first));
                    self.members.push(connection);
                }
                Instruction::Detach { connection, .. } => {
                    self.members.retain(|member| *member != connection);
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

/// The numbers in frames of eight bytes.
fn numbers(frames: &Bytes) -> Vec<u64> {
    let size = websocket::text(&[0; 8]).len();
    let payloads = frames
        .chunks(size)
        .map(|frame| <[u8; 8]>::try_from(&frame[2..]).unwrap());
    payloads.map(u64::from_be_bytes).collect()
}

proptest! {
    #[test]
    fn every_session_gets_its_snapshot_and_the_log_after_it(
        steps in prop::collection::vec(step(), 0..150),
    ) {
        let mut world = World::new();
        for step in steps {
            match step {
                Step::Append(many) => world.log += many,
                Step::Bring(pick) if world.log > 0 => world.bring(pick % world.log + 1),
                Step::Bring(_) => {}
                Step::Heal(many) => world.heal(many),
                Step::Come(age) => world.come(age),
                Step::Go => world.go(),
            }
            world.work();
        }
        world.heal(u64::MAX / 2);
        world.work();
        for (session, got) in &world.got {
            let first = got[0];
            let wanted: Vec<u64> = (first..first + got.len() as u64).collect();
            prop_assert_eq!(got, &wanted, "in order, once");
            if !world.went.contains(session) {
                prop_assert_eq!(got.last(), Some(&world.log), "to the end");
            }
        }
    }
}

#[test]
fn a_snapshot_older_than_what_the_node_remembers_is_read_again() {
    let world = World::new();
    let user = User {
        id: UserId::new("u").unwrap(),
        name: "U".into(),
    };
    let mut keys = slotmap::SlotMap::<ConnectionKey, ()>::with_key();
    let mut attach = |seq| {
        let seat = Seat {
            worker: 0,
            connection: keys.insert(()),
        };
        let head = Cursor {
            epoch: world.epoch.clone(),
            seq,
        };
        world
            .room
            .attach(seat, &user, &head, |_| None, &world.workers)
    };
    assert_eq!(attach(0), Attach::Done { first: true });
    for seq in 1..=20 {
        let json = Bytes::from(vec![0; 16 * 1024]);
        world.room.offer(
            &world.epoch,
            Event {
                seq,
                expires_at: None,
                json,
            },
            &world.workers,
        );
    }
    assert_eq!(attach(1), Attach::Outdated);
    assert_eq!(attach(20), Attach::Done { first: false });
    assert!(matches!(attach(21), Attach::Behind(_)));
}

#[test]
fn a_new_epoch_sends_the_members_away() {
    let mut world = World::new();
    world.come(0);
    world.work();
    let head = Cursor {
        epoch: Epoch::new("f").unwrap(),
        seq: 7,
    };
    world.room.restart(head.clone(), &world.workers);
    let mut instructions = Vec::new();
    world.workers.take_all(0, &mut instructions);
    assert!(matches!(instructions[..], [Instruction::OutOfSync { .. }]));
    assert_eq!(world.room.position(), Some(head));
}
