//! A log, a room that follows it, and the sessions that come and go: what the
//! tests compare the room with. It keeps every event, and looks everything up.

use std::{collections::HashMap, sync::Arc};

use futures_util::FutureExt;
use parking_lot::Mutex;
use rookery_protocol::{Cursor, Epoch, Event, RoomId, User, UserId, server_frame::RoomKind};
use rookery_store::{Forks, Joined, Recovery};
use serde_json::Value;

use super::super::{
    Attach, Found, Healing, NotRead, Read, RecentBudget, Room, Seat, Sight, Snapshot, View,
};
use crate::{
    answers::Budget,
    worker::{ConnectionKey, Instruction, Workers},
};

/// The log as it is in the store.
#[derive(Debug)]
pub(super) struct Log {
    pub(super) epoch: Epoch,
    /// What it shares with the epochs before.
    pub(super) forks: Forks,
    /// When each event is gone.
    pub(super) ends: Vec<Option<u64>>,
    pub(super) now: u64,
    pub(super) sight: Sight,
    /// How often a part of it was read.
    pub(super) reads: usize,
}

impl Log {
    pub(super) fn event(&self, seq: u64) -> Event {
        let json = format!(r#"{{"type":"message","seq":{seq}}}"#);
        Event::new(seq, self.ends[seq as usize - 1], json.as_bytes())
    }

    pub(super) fn head(&self) -> u64 {
        self.ends.len() as u64
    }

    pub(super) fn cursor(&self, seq: u64) -> Cursor {
        Cursor {
            epoch: self.epoch.clone(),
            seq,
        }
    }

    /// What a view showed when the log ended at `head`.
    pub(super) fn read(&self, view: &View, head: u64) -> Joined {
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
            let is_here = since.epoch == self.epoch || self.forks.share(since);
            if !is_here || (catch_up != 0 && behind > catch_up) {
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
            forks: self.forks.clone(),
            ttl_ms: None,
            recovery: match caught_up {
                Some(events) => Recovery::Events(events),
                None => Recovery::Messages(messages.split_off(skip)),
            },
        }
    }
}

/// A log, a room that follows it, and what each session was written.
pub(super) struct World {
    pub(super) room: Arc<Room>,
    pub(super) workers: Arc<Workers>,
    pub(super) log: Arc<Mutex<Log>>,
    pub(super) lifetime: Option<u64>,
    pub(super) keys: slotmap::SlotMap<ConnectionKey, ()>,
    /// Who is a member, as the worker has it.
    pub(super) members: Vec<ConnectionKey>,
    /// The end of the snapshot that each session was shown, and the numbers
    /// that it was written after it.
    pub(super) got: HashMap<ConnectionKey, (u64, Vec<u64>)>,
    pub(super) went: Vec<ConnectionKey>,
}

impl World {
    pub(super) fn new() -> Self {
        Self::with(None, 0, 0)
    }

    pub(super) fn with(lifetime: Option<u64>, catch_up: u64, max_events: u64) -> Self {
        let budget = Arc::new(RecentBudget::new(8 * 4096, 24));
        let log = Log {
            epoch: Epoch::new("e").unwrap(),
            forks: Forks::default(),
            ends: Vec::new(),
            now: 1000,
            sight: Sight {
                answers: Arc::new(Budget::new(0)),
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

    pub(super) fn append(&self, many: u64) {
        let mut log = self.log.lock();
        let ends = self.lifetime.map(|lifetime| log.now + lifetime);
        log.ends.extend((0..many).map(|_| ends));
    }

    /// The log goes on in another epoch, which has this much of the one before.
    pub(super) fn fork(&self, epoch: Epoch, shared: u64) {
        let mut log = self.log.lock();
        let fork = Cursor {
            epoch: std::mem::replace(&mut log.epoch, epoch),
            seq: shared,
        };
        log.forks = Forks::from_iter([fork]);
    }

    pub(super) fn wait(&self, ms: u64) {
        let mut log = self.log.lock();
        log.now += ms;
        log.sight.now = Some(log.now);
    }

    pub(super) fn bring(&self, seq: u64) {
        let (epoch, event) = {
            let log = self.log.lock();
            (log.epoch.clone(), log.event(seq))
        };
        self.room.offer(&epoch, event, &self.workers);
    }

    pub(super) fn heal(&self, many: u64) {
        let Some(position) = self.room.position() else {
            return;
        };
        let end = self.log.lock().head();
        for seq in position.seq + 1..=(position.seq + many).min(end) {
            self.bring(seq);
        }
        drop(Healing::of(&self.room));
    }

    pub(super) fn sight(&self) -> Sight {
        self.log.lock().sight.clone()
    }

    pub(super) fn view(&self, back: Option<u64>, limit: u32) -> View {
        let log = self.log.lock();
        let since = back.map(|back| log.cursor(log.head().saturating_sub(back)));
        View { since, limit }
    }

    /// A reading of the store whose answer is `age` events old when it comes.
    pub(super) fn read(
        &self,
        view: View,
        age: u64,
    ) -> impl Future<Output = Result<Read, NotRead>> + Send + use<> {
        let (room, log) = (Arc::clone(&self.room), Arc::clone(&self.log));
        let workers = Arc::clone(&self.workers);
        async move {
            let joined = {
                let mut log = log.lock();
                log.reads += 1;
                log.read(&view, log.head().saturating_sub(age))
            };
            let share = log.lock().sight.answers.take(0);
            Ok(room.remember(view, &joined, share, &workers))
        }
    }

    pub(super) fn reads(&self) -> usize {
        self.log.lock().reads
    }

    /// As a join does: brought up where it is behind, a new snapshot where outdated.
    pub(super) fn come(&mut self, view: &View, age: u64) -> Arc<Snapshot> {
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

    pub(super) fn snapshot(&self, view: &View, age: u64) -> Arc<Snapshot> {
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

    pub(super) fn attach(&self, connection: ConnectionKey, snapshot: &Snapshot) -> Attach {
        let seat = Seat {
            worker: 0,
            connection,
        };
        let user = User {
            id: UserId::new("u").unwrap(),
            name: "U".into(),
        };
        let answer = |roster: &mut _, _| Some(snapshot.answer(&1.into(), &self.room.id, roster));
        self.room
            .attach(seat, &user, &snapshot.head, answer, &self.workers)
    }

    pub(super) fn go(&mut self) {
        if let Some(&connection) = self.members.first() {
            let room = self.room.id.clone();
            self.workers
                .give(0, Instruction::Detach { room, connection });
            self.room.detach(0, &UserId::new("u").unwrap());
            self.went.push(connection);
        }
    }

    /// Does what a worker does. What was shown is compared with the log.
    pub(super) fn work(&mut self, view: Option<&View>) {
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
    pub(super) fn assert_shown(&self, frame: &[u8], view: &View) {
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
pub(super) fn frames(mut bytes: &[u8]) -> Vec<Value> {
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
pub(super) fn numbers(bytes: &[u8]) -> Vec<u64> {
    let frames = frames(bytes).into_iter();
    frames.map(|frame| frame["seq"].as_u64().unwrap()).collect()
}
