//! A room against a naive model: whatever happens to the events between the
//! log and this node, and to what the node remembers, every session gets what
//! the log would have shown it and then the log after it, in order, once.

use std::{collections::HashMap, sync::Arc};

use futures_util::FutureExt;
use parking_lot::Mutex;
use proptest::prelude::*;
use rookery_protocol::{Cursor, Epoch, Event, RoomId, User, UserId, server_frame::RoomKind};
use rookery_store::{Joined, Recovery, StoreError};
use serde_json::Value;

use super::{Attach, Found, Read, RecentBudget, Room, Seat, Sight, Snapshot, View};
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
    /// A session comes, perhaps with a cursor so far back. Where the store is
    /// asked, its answer is so many events old when it comes.
    Come {
        back: Option<u64>,
        limit: u32,
        age: u64,
    },
    /// The first session goes.
    Go,
    /// The memory is needed for others.
    Evict,
    /// Something may have been missed.
    Doubt,
    /// Time passes, and with it the lifetimes of events.
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let come = (prop::option::of(0..30u64), 1..12u32, 0..8u64);
    prop_oneof![
        3 => (1..4u64).prop_map(Step::Append),
        8 => any::<u64>().prop_map(Step::Bring),
        2 => (1..6u64).prop_map(Step::Heal),
        4 => come.prop_map(|(back, limit, age)| Step::Come { back, limit, age }),
        1 => Just(Step::Go),
        1 => Just(Step::Evict),
        1 => Just(Step::Doubt),
        1 => (1..20u64).prop_map(Step::Wait),
    ]
}

/// How long events live where they do not live for good.
const LIFETIME: u64 = 25;

/// The log as it is in the store.
#[derive(Debug)]
struct Log {
    epoch: Epoch,
    /// When each event is gone.
    ends: Vec<Option<u64>>,
    now: u64,
    sight: Sight,
    /// How often a part of it was read.
    reads: usize,
}

impl Log {
    fn event(&self, seq: u64) -> Event {
        Event {
            seq,
            expires_at: self.ends[seq as usize - 1],
            json: format!(r#"{{"type":"message","seq":{seq}}}"#).into(),
        }
    }

    fn head(&self) -> u64 {
        self.ends.len() as u64
    }

    fn cursor(&self, seq: u64) -> Cursor {
        Cursor {
            epoch: self.epoch.clone(),
            seq,
        }
    }

    /// What a view showed when the log ended at `head`.
    fn read(&self, view: &View, head: u64) -> Joined {
        let floor = match self.sight.max_events {
            0 => 0,
            most => head.saturating_sub(most),
        };
        let in_sight = |seqs: std::ops::RangeInclusive<u64>| -> Vec<Event> {
            let events = seqs.filter(|seq| *seq > floor).map(|seq| self.event(seq));
            events.filter(|event| !event.expired(self.now)).collect()
        };
        let catch_up = self.sight.catch_up;
        let caught_up = view.since.as_ref().and_then(|since| {
            let behind = head.checked_sub(since.seq)?;
            if since.epoch != self.epoch || (catch_up != 0 && behind > catch_up) {
                return None;
            }
            let events = in_sight(since.seq + 1..=head);
            (events.len() as u64 == behind).then_some(events)
        });
        let mut messages = in_sight(1..=head);
        let skip = messages.len().saturating_sub(view.limit as usize);
        Joined {
            kind: RoomKind::Public,
            name: "R".into(),
            head: self.cursor(head),
            ttl_ms: None,
            recovery: match caught_up {
                Some(events) => Recovery::Events(events),
                None => Recovery::Messages(messages.split_off(skip)),
            },
        }
    }
}

/// A log, a room that follows it, and what each session was written.
struct World {
    room: Arc<Room>,
    workers: Arc<Workers>,
    log: Arc<Mutex<Log>>,
    lifetime: Option<u64>,
    keys: slotmap::SlotMap<ConnectionKey, ()>,
    /// Who is a member, as the worker has it.
    members: Vec<ConnectionKey>,
    /// The end of the snapshot that each session was shown, and the numbers
    /// that it was written after it.
    got: HashMap<ConnectionKey, (u64, Vec<u64>)>,
    went: Vec<ConnectionKey>,
}

impl World {
    fn new() -> Self {
        Self::with(None, 0, 0)
    }

    fn with(lifetime: Option<u64>, catch_up: u64, max_events: u64) -> Self {
        let budget = Arc::new(RecentBudget::new(8 * 4096, 24));
        let log = Log {
            epoch: Epoch::new("e").unwrap(),
            ends: Vec::new(),
            now: 1000,
            sight: Sight {
                catch_up,
                max_events,
                now: Some(1000),
            },
            reads: 0,
        };
        Self {
            room: Arc::new(Room::new(RoomId::new("r").unwrap(), 1, budget)),
            workers: Arc::new(Workers::new(1)),
            log: Arc::new(Mutex::new(log)),
            lifetime,
            keys: slotmap::SlotMap::with_key(),
            members: Vec::new(),
            got: HashMap::new(),
            went: Vec::new(),
        }
    }

    fn append(&self, many: u64) {
        let mut log = self.log.lock();
        let ends = self.lifetime.map(|lifetime| log.now + lifetime);
        log.ends.extend((0..many).map(|_| ends));
    }

    fn wait(&self, ms: u64) {
        let mut log = self.log.lock();
        log.now += ms;
        log.sight.now = Some(log.now);
    }

    fn bring(&self, seq: u64) {
        let (epoch, event) = {
            let log = self.log.lock();
            (log.epoch.clone(), log.event(seq))
        };
        self.room.offer(&epoch, event, &self.workers);
    }

    fn heal(&self, many: u64) {
        let Some(position) = self.room.position() else {
            return;
        };
        let end = self.log.lock().head();
        for seq in position.seq + 1..=(position.seq + many).min(end) {
            self.bring(seq);
        }
        self.room.healing_done();
    }

    fn sight(&self) -> Sight {
        self.log.lock().sight
    }

    fn view(&self, back: Option<u64>, limit: u32) -> View {
        let log = self.log.lock();
        let since = back.map(|back| log.cursor(log.head().saturating_sub(back)));
        View { since, limit }
    }

    /// A reading of the store whose answer is `age` events old when it comes.
    fn read(
        &self,
        view: View,
        age: u64,
    ) -> impl Future<Output = Result<Read, StoreError>> + Send + use<> {
        let (room, log) = (Arc::clone(&self.room), Arc::clone(&self.log));
        let workers = Arc::clone(&self.workers);
        async move {
            let joined = {
                let mut log = log.lock();
                log.reads += 1;
                log.read(&view, log.head().saturating_sub(age))
            };
            let read = room.remember(view.clone(), &joined, &workers);
            room.readings.done(&view);
            Ok(read)
        }
    }

    fn reads(&self) -> usize {
        self.log.lock().reads
    }

    /// As a join does: brought up where it is behind, a new snapshot where outdated.
    fn come(&mut self, view: &View, age: u64) -> Arc<Snapshot> {
        let connection = self.keys.insert(());
        for attempt in 0..6 {
            // The first readings are old, the others new.
            let age = if attempt < 2 { age } else { 0 };
            let snapshot = self.snapshot(view, age);
            for _ in 0..2 {
                match self.attach(connection, &snapshot) {
                    Attach::Done { .. } => {
                        self.got.insert(connection, (snapshot.head.seq, Vec::new()));
                        return snapshot;
                    }
                    Attach::Behind(_) => self.heal(u64::MAX / 2),
                    Attach::Outdated => break,
                }
            }
        }
        panic!("nobody can come in");
    }

    fn snapshot(&self, view: &View, age: u64) -> Arc<Snapshot> {
        for patience in [true, true, false] {
            let read = |view| self.read(view, age);
            match self.room.find(view, &self.sight(), patience, read) {
                Found::Known(snapshot) => return snapshot,
                Found::Reading(reading) => {
                    let read = reading.now_or_never().unwrap().unwrap();
                    if read.view == *view {
                        return read.snapshot;
                    }
                }
            }
        }
        unreachable!("without patience a reading is of this view")
    }

    fn attach(&self, connection: ConnectionKey, snapshot: &Snapshot) -> Attach {
        let seat = Seat {
            worker: 0,
            connection,
        };
        let user = User {
            id: UserId::new("u").unwrap(),
            name: "U".into(),
        };
        let answer = |roster: &mut _| Some(snapshot.answer(&1.into(), &self.room.id, roster));
        self.room
            .attach(seat, &user, &snapshot.head, answer, &self.workers)
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

    /// Does what a worker does. What was shown is compared with the log.
    fn work(&mut self, view: Option<&View>) {
        let mut instructions = Vec::new();
        self.workers.take_all(0, &mut instructions);
        for instruction in instructions {
            match instruction {
                Instruction::Deliver { frame, .. } => {
                    for member in &self.members {
                        self.got.get_mut(member).unwrap().1.extend(numbers(&frame));
                    }
                }
                Instruction::Attach {
                    connection,
                    answer,
                    missed,
                    ..
                } => {
                    let answer = answer.unwrap();
                    self.assert_shown(&[answer.head, answer.items].concat(), view.unwrap());
                    self.got.get_mut(&connection).unwrap().1 = numbers(&missed);
                    self.members.push(connection);
                }
                Instruction::Detach { connection, .. } => {
                    self.members.retain(|member| *member != connection);
                }
                other => panic!("{other:?}"),
            }
        }
    }

    /// What a session is shown is what the log showed at that end of it.
    fn assert_shown(&self, frame: &[u8], view: &View) {
        let [answer] = &frames(frame)[..] else {
            panic!("one frame is the answer")
        };
        let room = &answer["room"];
        let log = self.log.lock();
        let wanted = log.read(view, room["seq"].as_u64().unwrap());
        let (recovered, field, events) = match &wanted.recovery {
            Recovery::Events(events) => (true, "events", events),
            Recovery::Messages(messages) => (false, "messages", messages),
        };
        assert_eq!(room["recovered"], recovered, "{view:?} of {log:?}");
        let shown = room[field].as_array().unwrap().iter();
        let shown: Vec<_> = shown.map(|event| event["seq"].as_u64().unwrap()).collect();
        let wanted: Vec<_> = events.iter().map(|event| event.seq).collect();
        assert_eq!(shown, wanted, "{view:?} of {log:?}");
    }
}

/// The JSON of server frames that stand one after the other.
fn frames(mut bytes: &[u8]) -> Vec<Value> {
    let mut frames = Vec::new();
    while let [_, short, rest @ ..] = bytes {
        let (length, rest) = match short {
            126 => (
                usize::from(u16::from_be_bytes([rest[0], rest[1]])),
                &rest[2..],
            ),
            short => (usize::from(*short), rest),
        };
        frames.push(serde_json::from_slice(&rest[..length]).unwrap());
        bytes = &rest[length..];
    }
    frames
}

/// The numbers of events that stand one after the other.
fn numbers(bytes: &[u8]) -> Vec<u64> {
    let frames = frames(bytes).into_iter();
    frames.map(|frame| frame["seq"].as_u64().unwrap()).collect()
}

proptest! {
    #[test]
    fn every_session_gets_what_the_log_shows_and_the_log_after_it(
        lifetime in prop::option::of(Just(LIFETIME)),
        catch_up in prop_oneof![Just(0), 1..20u64],
        max_events in prop_oneof![Just(0), 5..40u64],
        steps in prop::collection::vec(step(), 0..150),
    ) {
        let mut world = World::with(lifetime, catch_up, max_events);
        for step in steps {
            let mut view = None;
            let head = world.log.lock().head();
            match step {
                Step::Append(many) => world.append(many),
                Step::Bring(pick) if head > 0 => world.bring(pick % head + 1),
                Step::Bring(_) => {}
                Step::Heal(many) => world.heal(many),
                Step::Come { back, limit, age } => {
                    let wanted = world.view(back, limit);
                    world.come(&wanted, age);
                    view = Some(wanted);
                }
                Step::Go => world.go(),
                Step::Evict => world.room.forget_events(),
                Step::Doubt => world.room.doubt(),
                Step::Wait(ms) => world.wait(ms),
            }
            world.work(view.as_ref());
        }
        world.heal(u64::MAX / 2);
        world.work(None);
        let head = world.log.lock().head();
        for (session, (shown, got)) in &world.got {
            let wanted: Vec<u64> = (shown + 1..).take(got.len()).collect();
            prop_assert_eq!(got, &wanted, "in order, once");
            if !world.went.contains(session) {
                prop_assert_eq!(shown + got.len() as u64, head, "to the end");
            }
        }
    }
}

#[test]
fn a_storm_reads_the_log_once() {
    let mut world = World::new();
    world.append(20);
    for back in [20, 20, 7, 0] {
        let view = world.view(Some(back), 50);
        world.come(&view, 0);
        world.work(Some(&view));
    }
    let fresh = world.view(None, 10);
    world.come(&fresh, 0);
    world.work(Some(&fresh));
    assert_eq!(world.reads(), 1, "the first brought what the others need");
    world.append(3);
    (21..=23).for_each(|seq| world.bring(seq));
    let view = world.view(Some(23), 50);
    let (first, second) = (world.snapshot(&view, 0), world.snapshot(&view, 0));
    assert!(Arc::ptr_eq(&first, &second), "made once for all");
    assert_eq!(world.reads(), 1);
    drop((first, second));
    world.room.forget_events();
    world.come(&view, 0);
    world.work(Some(&view));
    assert_eq!(world.reads(), 2, "what was given up is read again");
}

#[test]
fn after_a_doubt_the_store_is_asked_once_and_only_for_what_is_new() {
    let mut world = World::new();
    world.append(20);
    let view = world.view(Some(20), 50);
    world.come(&view, 0);
    world.work(Some(&view));
    let known = world.room.position();
    let head = |epoch: &str, seq| Cursor {
        epoch: Epoch::new(epoch).unwrap(),
        seq,
    };
    type Doubt<'a> = &'a dyn Fn(&Room);
    let doubts: [Doubt<'_>; 4] = [
        &|room| room.doubt(),
        &|room| _ = room.notice_head(known.as_ref(), None),
        &|room| _ = room.notice_head(known.as_ref(), Some(&head("e", 19))),
        &|room| _ = room.notice_head(known.as_ref(), Some(&head("f", 20))),
    ];
    for (number, doubt) in doubts.into_iter().enumerate() {
        doubt(&world.room);
        for _ in 0..2 {
            world.come(&view, 0);
            world.work(Some(&view));
        }
        assert_eq!(world.reads(), 2 + number);
    }
    assert_eq!(
        world.room.notice_head(known.as_ref(), known.as_ref()),
        super::Wanted::Nothing
    );
    world.come(&view, 0);
    assert_eq!(world.reads(), 5, "nothing to doubt");
}

#[test]
fn who_comes_while_the_room_is_read_waits_for_that() {
    let world = World::new();
    world.append(5);
    let view = world.view(Some(5), 50);
    let (go, gone) = tokio::sync::oneshot::channel::<Result<(), StoreError>>();
    let mut gone = Some(gone);
    let mut find = |world: &World, patient| {
        let gone = gone.take();
        let read = |view: View| {
            let (reading, room) = (world.read(view.clone(), 0), Arc::clone(&world.room));
            async move {
                let outcome = match gone {
                    Some(gone) => gone.await.unwrap(),
                    None => Ok(()),
                };
                match outcome {
                    Ok(()) => reading.await,
                    Err(error) => {
                        room.readings.done(&view);
                        Err(error)
                    }
                }
            }
        };
        match world.room.find(&view, &world.sight(), patient, read) {
            Found::Known(_) => panic!("nothing is known"),
            Found::Reading(reading) => reading,
        }
    };
    let waiting: Vec<_> = (0..100).map(|_| find(&world, true)).collect();
    let mut first = waiting[0].clone();
    assert!((&mut first).now_or_never().is_none());
    go.send(Err(StoreError::Unavailable("away".into())))
        .unwrap();
    for waiting in waiting {
        assert!(waiting.now_or_never().unwrap().is_err(), "all are told");
    }
    assert_eq!(world.reads(), 0);
    let again = find(&world, true).now_or_never().unwrap().unwrap();
    assert_eq!(
        (again.snapshot.head.seq, world.reads()),
        (5, 1),
        "asked anew"
    );
}

#[test]
fn a_snapshot_older_than_what_the_node_remembers_is_made_again() {
    let mut world = World::new();
    let empty = world.view(None, 50);
    let old = world.come(&empty, 0);
    world.work(Some(&empty));
    world.append(100);
    (1..=100).for_each(|seq| world.bring(seq));
    let key = world.keys.insert(());
    assert_eq!(world.attach(key, &old), Attach::Outdated);
    let fresh = world.snapshot(&world.view(Some(0), 50), 0);
    assert_eq!(world.attach(key, &fresh), Attach::Done { first: false });
}

#[test]
fn a_new_epoch_sends_the_members_away_and_forgets_the_old() {
    let mut world = World::new();
    world.append(5);
    let view = world.view(Some(5), 50);
    world.come(&view, 0);
    world.work(Some(&view));
    let head = Cursor {
        epoch: Epoch::new("f").unwrap(),
        seq: 7,
    };
    world.room.restart(head.clone(), &world.workers);
    let mut instructions = Vec::new();
    world.workers.take_all(0, &mut instructions);
    assert!(matches!(instructions[..], [Instruction::OutOfSync { .. }]));
    assert_eq!(world.room.position(), Some(head.clone()));

    // All come back at once with cursors of the epoch that is gone.
    world.append(2);
    world.log.lock().epoch = head.epoch;
    world.members.clear();
    for _ in 0..3 {
        world.come(&view, 0);
        world.work(Some(&view));
    }
    assert!(world.reads() <= 3, "{} readings", world.reads());
}
