//! A log, a room that follows it, and the sessions that come and go: what the
//! tests compare the room with. It keeps every event, and looks everything up.

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;
use futures_util::FutureExt;
use parking_lot::Mutex;
use rookery_protocol::{Cursor, Epoch, Event, RoomId, User, UserId, server_frame::RoomKind};
use rookery_store::{Forks, Joined, Recovery};
use serde_json::Value;

use super::super::{Attach, Healing, RecentBudget, Room, Roster, SnapshotError, SnapshotRead};
use crate::{
    delivery::{
        ConnectionKey, Endpoint, Inboxes, Instruction, JoinReply, OwnInbox, Push, Wire, WireNumber,
    },
    limits::{Answers, Budget},
    settings::Limits,
    single_flight::Lookup,
    snapshot::{Snapshot, View, ViewBounds},
};

/// A wire on which everything is JSON on a line of its own.
#[derive(Debug)]
pub(super) struct Lines;

impl Wire for Lines {
    fn push(&self, push: Push<'_>) -> Bytes {
        [push.json(), b"\n"].concat().into()
    }
}

/// The log as it is in the store.
#[derive(Debug)]
pub(super) struct Log {
    pub(super) epoch: Epoch,
    /// What it shares with the epochs before.
    pub(super) forks: Forks,
    /// When each event is gone.
    pub(super) ends: Vec<Option<u64>>,
    pub(super) now: u64,
    pub(super) bounds: ViewBounds,
    /// How often a part of it was read.
    pub(super) reads: usize,
}

impl Log {
    pub(super) fn event(&self, seq: u64) -> Event {
        let json = format!(r#"{{"type":"message","seq":{seq}}}"#);
        Event::new(seq, self.ends[seq as usize - 1], json)
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

    /// The last number that was trimmed when the log ended at `head`.
    fn floor(&self, head: u64) -> u64 {
        match self.bounds.max_messages {
            0 => 0,
            most => head.saturating_sub(most),
        }
    }

    /// What a view showed when the log ended at `head`.
    pub(super) fn read(&self, view: &View, head: u64) -> Joined {
        let floor = self.floor(head);
        let in_sight = |seqs: std::ops::RangeInclusive<u64>| -> Vec<Event> {
            let events = seqs.filter(|seq| *seq > floor).map(|seq| self.event(seq));
            events.filter(|event| !event.expired(self.now)).collect()
        };
        let catch_up = self.bounds.catch_up;
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
            guarded: false,
            name: "R".into(),
            head: self.cursor(head),
            forks: self.forks.clone(),
            ttl_ms: None,
            pins: Vec::new(),
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
    pub(super) inboxes: Arc<Inboxes>,
    pub(super) inbox: OwnInbox,
    answers: Answers,
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

    pub(super) fn with(lifetime: Option<u64>, catch_up: u64, max_messages: u64) -> Self {
        let budget = Arc::new(RecentBudget::new(8 * 4096, 24));
        let inboxes = Arc::new(Inboxes::new(1, vec![Box::new(Lines)]));
        let log = Log {
            epoch: Epoch::new("e").unwrap(),
            forks: Forks::default(),
            ends: Vec::new(),
            now: 1000,
            bounds: ViewBounds {
                answers: Arc::new(Budget::new(0)),
                catch_up,
                max_messages,
                now: Some(1000),
            },
            reads: 0,
        };
        Self {
            room: Arc::new(Room::new(RoomId::new("r").unwrap(), budget)),
            inbox: inboxes.claim().unwrap(),
            inboxes,
            answers: Answers::new(&Limits::default()),
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
        log.bounds.now = Some(log.now);
    }

    pub(super) fn bring(&self, seq: u64) {
        let (epoch, event) = {
            let log = self.log.lock();
            (log.epoch.clone(), log.event(seq))
        };
        self.room.offer(&epoch, event, &self.inboxes);
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

    pub(super) fn bounds(&self) -> ViewBounds {
        self.log.lock().bounds.clone()
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
    ) -> impl Future<Output = Result<SnapshotRead, SnapshotError>> + Send + use<> {
        let (room, log) = (Arc::clone(&self.room), Arc::clone(&self.log));
        let inboxes = Arc::clone(&self.inboxes);
        async move {
            let joined = {
                let mut log = log.lock();
                log.reads += 1;
                log.read(&view, log.head().saturating_sub(age))
            };
            let share = log.lock().bounds.answers.take(0);
            Ok(room.remember(view, &joined, share, &inboxes))
        }
    }

    pub(super) fn reads(&self) -> usize {
        self.log.lock().reads
    }

    /// As a join does: brought up where it is behind, a new snapshot where outdated.
    pub(super) fn come(&mut self, view: &View, age: u64) -> Arc<Snapshot> {
        let connection = self.keys.insert(());
        for attempt in 0..6 {
            // The first flights are old, the others new.
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
            match self.room.find(view, &self.bounds(), patience, read) {
                Lookup::Known(snapshot) => return snapshot,
                Lookup::InFlight(flight) => {
                    let read = flight.now_or_never().unwrap().unwrap();
                    if read.view == *view {
                        return read.snapshot;
                    }
                }
            }
        }
        unreachable!("without patience a reading is of this view")
    }

    fn at(&self, connection: ConnectionKey) -> Endpoint {
        Endpoint {
            worker: self.inbox.number(),
            connection,
            wire: WireNumber(0),
        }
    }

    pub(super) fn attach(&self, connection: ConnectionKey, snapshot: &Arc<Snapshot>) -> Attach {
        let user = User {
            id: UserId::new("u").unwrap(),
            name: "U".into(),
        };
        let share = self.answers.reserve_of(&user.id, 0).now_or_never();
        let share = share.unwrap().unwrap();
        let reply = |roster: &mut Roster, _| {
            Some(JoinReply {
                id: 1.into(),
                snapshot: Arc::clone(snapshot),
                online: roster.users_json(),
                online_count: roster.count(),
                shares: (share, self.answers.of_node().take(0)),
            })
        };
        let at = self.at(connection);
        let following = self.room.following();
        self.room
            .attach(at, &user, (&snapshot.head, following), reply, &self.inboxes)
    }

    pub(super) fn go(&mut self) {
        if let Some(&connection) = self.members.first() {
            let room = self.room.id.clone();
            let detach = Instruction::Detach { room, connection };
            self.inbox.give(detach);
            self.room
                .detach(self.at(connection), &UserId::new("u").unwrap());
            self.went.push(connection);
        }
    }

    /// Does what a worker does. What was shown is compared with the log.
    pub(super) fn work(&mut self, view: Option<&View>) {
        let mut instructions = Vec::new();
        self.inbox.take_all(&mut instructions);
        for instruction in instructions {
            match instruction {
                Instruction::Deliver { bytes, .. } => {
                    for member in &self.members {
                        self.got.get_mut(member).unwrap().1.extend(numbers(&bytes));
                    }
                }
                Instruction::Attach {
                    connection,
                    reply,
                    missed,
                    ..
                } => {
                    let (head, items) = reply.unwrap().into_json(&self.room.id);
                    self.assert_shown(&[&head[..], &items[..]].concat(), view.unwrap());
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

    /// What a session is shown is what the log showed at that end of it. What was trimmed
    /// since then may be left out.
    pub(super) fn assert_shown(&self, json: &[u8], view: &View) {
        let reply: Value = serde_json::from_slice(json).unwrap();
        let room = &reply["room"];
        let log = self.log.lock();
        let wanted = log.read(view, room["seq"].as_u64().unwrap());
        let (recovered, field, events) = match &wanted.recovery {
            Recovery::Events(events) => (true, "events", events),
            Recovery::Messages(messages) => (false, "messages", messages),
        };
        assert_eq!(room["recovered"], recovered, "{view:?} of {log:?}");
        let shown = room[field].as_array().unwrap().iter();
        let shown: Vec<_> = shown.map(|event| event["seq"].as_u64().unwrap()).collect();
        let trimmed = log.floor(log.head());
        let still_there = |seq: &&u64| **seq > trimmed;
        let wanted: Vec<_> = events.iter().map(|event| event.seq).collect();
        let left_out = wanted.len() - shown.len();
        assert_eq!(shown, wanted[left_out..], "{view:?} of {log:?}");
        let left_out = wanted[..left_out].iter().filter(still_there).count();
        assert_eq!(left_out, 0, "{view:?} of {log:?}");
    }
}

/// The JSON of lines that stand one after the other.
pub(super) fn lines(bytes: &[u8]) -> Vec<Value> {
    let lines = bytes.split(|byte| *byte == b'\n');
    let lines = lines.filter(|line| !line.is_empty());
    lines
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

/// The numbers of events that stand one after the other.
pub(super) fn numbers(bytes: &[u8]) -> Vec<u64> {
    let lines = lines(bytes).into_iter();
    lines.map(|line| line["seq"].as_u64().unwrap()).collect()
}
