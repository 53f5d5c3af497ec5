//! Redis loses the end of logs: no cursor that is beyond what is left passes
//! for a good one, and all others are as good as new.

use std::net::SocketAddr;

use proptest::{prelude::*, test_runner::TestRunner};
use rookery_protocol::{Cursor, Epoch, Event};
use rookery_store::{BusEvent, Partition, Recovery, Store, StoreError};
use rookery_testing::{Proxy, RedisServer};

use crate::{keys, place::*};

/// How many epochs before its own a log remembers.
const REMEMBERED: usize = 8;

fn at(epoch: &Epoch, seq: u64) -> Cursor {
    Cursor {
        epoch: epoch.clone(),
        seq,
    }
}

fn texts(name: &str, count: usize) -> impl Iterator<Item = String> {
    (1..=count).map(move |number| format!("{name} {number}"))
}

/// What a client is told that comes to `general` with a cursor.
async fn recovery(node: &Node, since: Cursor) -> Recovery {
    let joined = node.join_with("general", |join| join.since = Some(since));
    joined.await.unwrap().recovery
}

/// Waits until the store has noticed that so many of its connections ended, and has new ones.
async fn back(node: &mut Node, connections: usize) {
    for _ in 0..connections {
        while !matches!(node.next().await.unwrap(), BusEvent::Reconnected) {}
    }
    eventually("it writes again", async || {
        node.store.publish(Vec::new()).await.ok()
    })
    .await;
}

/// That the log, of which `shared` events are left of the epoch `old`, is `log`
/// in another one, and what cursors of the old one are worth.
async fn assert_forked(node: &Node, old: &Epoch, shared: u64, log: &[Event]) {
    let head = within(node.heads(&[room("general")])).await.unwrap();
    let head = head[0].clone().unwrap();
    assert_ne!(head.epoch, *old);
    assert_eq!(head.seq, log.len() as u64);
    for seq in 0..=log.len() as u64 {
        let after = log[seq as usize..].to_vec();
        let (whole, served) = match seq <= shared {
            true => (Recovery::Events(after.clone()), after.clone()),
            false => (Recovery::Messages(log.to_vec()), Vec::new()),
        };
        assert_eq!(recovery(node, at(old, seq)).await, whole, "{seq}");
        let (general, place) = (room("general"), at(old, seq));
        let range = within(node.events_after(&general, &place, 100));
        let range = range.await.unwrap();
        assert_eq!((&range.events, &range.head), (&served, &head), "{seq}");
        assert_eq!(range.forks.share(&place), seq <= shared, "{seq}");
        let present = recovery(node, at(&head.epoch, seq)).await;
        assert_eq!(present, Recovery::Events(after), "{seq}");
    }
}

pub(crate) async fn a_log_that_lost_its_end_goes_on_in_another_epoch(_: Place) {
    let mut place = Place::Redis(RedisServer::start_with_append_only_file().unwrap());
    let mut node = place.node().await;
    let mut other = Node::connect(place.settings("n_2")).await;
    let start = node.open("general").await;
    let mut log = node.send_many("general", texts("kept", 10)).await;
    let copy = place.server().copy().unwrap();
    node.send_many("general", texts("lost", 5)).await;
    place.server().restart_with(&copy).unwrap();
    back(&mut node, 2).await;
    back(&mut other, 2).await;
    other.lines_so_far().await;

    // By a node that knew nothing of the room, and then by both.
    log.extend(other.send_many("general", texts("new", 5)).await);
    log.extend(node.send_many("general", texts("newer", 5)).await);
    assert_eq!(numbers(&log), (1..=20).collect::<Vec<_>>());
    assert_forked(&node, &start.epoch, 10, &log).await;
    let head = node.open("general").await;
    let lines = other.lines_so_far().await;
    assert_eq!(lines.len(), 10);
    let told = lines.iter().map(|line| line.epoch.as_deref());
    assert!(told.eq([Some(head.epoch.as_str()); 10]), "one epoch");
}

pub(crate) async fn a_replica_that_is_promoted_is_not_trusted_with_the_end(mut place: Place) {
    let replica = RedisServer::start().unwrap();
    let proxy = Proxy::to_port(place.server().port()).unwrap();
    let mut node = Node::connect(over(&place, &proxy)).await;
    let start = node.open("general").await;
    let mut log = node.send_many("general", texts("kept", 10)).await;
    follow(&replica, place.server());
    // From here on it lags.
    replica.command(&["REPLICAOF", "NO", "ONE"]).unwrap();
    node.send_many("general", texts("lost", 5)).await;
    proxy.lead_to(SocketAddr::from(([127, 0, 0, 1], replica.port())));
    back(&mut node, 2).await;
    log.extend(node.send_many("general", texts("new", 10)).await);
    assert_forked(&node, &start.epoch, 10, &log).await;
}

pub(crate) async fn a_primary_that_was_a_replica_meanwhile_is_not_what_it_was(mut place: Place) {
    let other = RedisServer::start().unwrap();
    let mut node = place.node().await;
    let start = node.open("general").await;
    let mut log = node.send_many("general", texts("kept", 10)).await;
    follow(&other, place.server());
    other.command(&["REPLICAOF", "NO", "ONE"]).unwrap();
    node.send_many("general", texts("lost", 5)).await;
    follow(place.server(), &other);
    let refused = within(node.append(message("general", "x"))).await;
    assert!(matches!(refused, Err(StoreError::ReadOnly(_))));
    let command = ["REPLICAOF", "NO", "ONE"];
    place.server().command(&command).unwrap();
    back(&mut node, 1).await;
    let again = eventually("it writes again", async || {
        node.append(message("general", "new 1")).await.ok()
    });
    log.extend(again.await.event);
    log.extend(node.send_many("general", texts("newer", 9)).await);
    assert_forked(&node, &start.epoch, 10, &log).await;
}

/// Makes one server a replica of another, and waits until it has everything.
fn follow(replica: &RedisServer, primary: &RedisServer) {
    for server in [replica, primary] {
        let at_once = ["CONFIG", "SET", "repl-diskless-sync-delay", "0"];
        server.command(&at_once).unwrap();
    }
    let port = primary.port().to_string();
    let command = ["REPLICAOF", "127.0.0.1", &port];
    replica.command(&command).unwrap();
    let began = std::time::Instant::now();
    while !replica
        .command(&["INFO", "replication"])
        .unwrap()
        .contains("master_link_status:up")
    {
        assert!(began.elapsed() < DEADLINE, "it does not follow");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let waited = primary.command(&["WAIT", "1", "10000"]).unwrap();
    assert_eq!(waited, "1");
}

fn over(place: &Place, proxy: &Proxy) -> rookery_store::Settings {
    let mut settings = place.settings("n_1");
    if let rookery_store::EngineSettings::Redis(redis) = &mut settings.engine {
        redis.url = proxy.redis_url();
    }
    settings
}

pub(crate) async fn a_cursor_beyond_a_lost_end_is_not_taken_for_one_of_the_log(_: Place) {
    let mut place = Place::Redis(RedisServer::start_with_append_only_file().unwrap());
    let mut node = place.node().await;
    let start = node.open("general").await;
    let log = node.send_many("general", texts("kept", 10)).await;
    let copy = place.server().copy().unwrap();
    node.send_many("general", texts("lost", 5)).await;

    let join = async |node: &Node, seq| {
        let since = Some(at(&start.epoch, seq));
        let joined = node.join_with("general", |join| join.since = since);
        joined.await.unwrap()
    };
    // Nobody can have seen that: as long as Redis is what it was, it means nothing.
    let joined = join(&node, 99).await;
    assert_eq!((&joined.head.epoch, joined.head.seq), (&start.epoch, 15));

    place.server().restart_with(&copy).unwrap();
    back(&mut node, 2).await;
    assert_eq!(join(&node, 10).await.head, at(&start.epoch, 10));
    // A client that goes on in the old epoch would pass over what comes.
    let joined = join(&node, 15).await;
    assert_ne!(joined.head.epoch, start.epoch);
    assert_eq!(joined.head.seq, 10);
    assert_eq!(joined.recovery, Recovery::Messages(log.clone()));
    let again = join(&node, 99).await;
    assert_eq!(again.head, joined.head, "once");
    assert_forked(&node, &start.epoch, 10, &log).await;
}

pub(crate) async fn what_cannot_be_told_apart_is_refused_at_the_start(mut place: Place) {
    let acl = "ACL SETUSER shy on >secret ~* &* +@all -info";
    let words: Vec<_> = acl.split(' ').collect();
    place.server().command(&words).unwrap();
    let mut settings = place.settings("n_1");
    if let rookery_store::EngineSettings::Redis(redis) = &mut settings.engine {
        redis.url = redis.url.replace("redis://", "redis://shy:secret@");
    }
    let refused = within(Store::connect(settings)).await.unwrap_err();
    assert!(refused.to_string().contains("+info"), "{refused}");
}

/// As another process finds the term that has the dataset.
fn begin_another_term(server: &RedisServer) {
    // The word is all that scripts look at; it is a new one each time.
    let held = format!("t{:07} 0 0 another process", rand_word());
    let keys: Vec<_> = Partition::all()
        .map(|partition| format!("rookery:{{{partition}}}:partition"))
        .collect();
    let pairs = keys.iter().flat_map(|key| [key.as_str(), &held]);
    let command: Vec<_> = std::iter::once("MSET").chain(pairs).collect();
    server.command(&command).unwrap();
}

fn rand_word() -> u32 {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

pub(crate) async fn so_many_epochs_are_remembered_and_no_more(mut place: Place) {
    let node = place.node().await;
    let mut log = Vec::new();
    let mut epochs = vec![node.open("general").await.epoch];
    for _ in 0..REMEMBERED + 2 {
        begin_another_term(place.server());
        let appended = node.send("general", "x").await;
        log.extend(appended.event);
        epochs.push(appended.epoch);
    }
    for (ago, epoch) in epochs.iter().rev().enumerate() {
        let seq = (epochs.len() - 1 - ago) as u64;
        let whole = match ago <= REMEMBERED {
            true => Recovery::Events(log[seq as usize..].to_vec()),
            false => Recovery::Messages(log.clone()),
        };
        assert_eq!(recovery(&node, at(epoch, seq)).await, whole, "{ago} ago");
    }
    let head = place
        .server()
        .command(&["GET", &keys::of_room("head", "general")]);
    let head = head.unwrap();
    assert!(head.len() < 300, "{head}");
}

/// What happens to a log.
#[derive(Debug, Clone)]
enum Step {
    Append(usize),
    /// Redis keeps what it has, somewhere.
    Keep,
    /// It is started again with what it has, or with one of those that it kept.
    Restart(Option<usize>),
    /// A client comes with one of all cursors that anybody ever had.
    Come(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..4usize).prop_map(Step::Append),
        1 => Just(Step::Keep),
        3 => prop::option::of(any::<usize>()).prop_map(Step::Restart),
        6 => any::<usize>().prop_map(Step::Come),
    ]
}

/// A log as it should be: whose every event is another one.
#[derive(Debug, Clone)]
struct Line {
    epoch: Epoch,
    events: Vec<Event>,
    /// The epochs before, the youngest first.
    before: Vec<Epoch>,
}

/// All that anybody ever saw.
struct Model {
    room: String,
    now: Line,
    kept: Vec<Line>,
    /// Each cursor that was ever good, and the log up to it.
    seen: Vec<(Cursor, Vec<Event>)>,
    stale: bool,
}

impl Model {
    fn saw(&mut self) {
        let Line { epoch, events, .. } = &self.now;
        let cursor = at(epoch, events.len() as u64);
        self.seen.push((cursor, events.clone()));
    }

    async fn append(&mut self, node: &Node, count: usize) {
        for number in 0..count {
            let text = format!("{} {number}", self.seen.len());
            let appended = node.send(&self.room, &text).await;
            assert_eq!(appended.epoch != self.now.epoch, self.stale);
            if self.stale {
                let old = std::mem::replace(&mut self.now.epoch, appended.epoch);
                self.now.before.insert(0, old);
                self.stale = false;
                // Whoever was told of the new epoch before its first event.
                self.saw();
            }
            self.now.events.extend(appended.event);
            self.saw();
        }
    }

    /// Copies the keys of the room, to or from the place of a number.
    fn copy(&self, server: &RedisServer, number: usize, back: bool) {
        for part in ["head", "log"] {
            let key = keys::of_room(part, &self.room);
            let kept = format!("{key}:{number}");
            let (from, to) = if back { (&kept, &key) } else { (&key, &kept) };
            // A room without events has no log.
            server.command(&["DEL", to]).unwrap();
            server.command(&["COPY", from, to]).unwrap();
        }
    }

    async fn come(&mut self, node: &Node, pick: usize) {
        let (cursor, log) = self.seen[pick % self.seen.len()].clone();
        let since = Some(cursor.clone());
        let joined = node.join_with(&self.room, |join| join.since = since);
        let joined = joined.await.unwrap();
        let Line {
            epoch,
            events,
            before,
        } = &self.now;
        let beyond = cursor.seq > events.len() as u64;
        if cursor.epoch == *epoch && beyond && self.stale {
            assert_ne!(joined.head.epoch, *epoch, "it must not be taken for it");
            let old = std::mem::replace(&mut self.now.epoch, joined.head.epoch.clone());
            self.now.before.insert(0, old);
            self.stale = false;
            self.saw();
            return assert!(matches!(joined.recovery, Recovery::Messages(_)));
        }
        assert_eq!(joined.head, at(epoch, events.len() as u64));
        let remembered = cursor.epoch == *epoch
            || before
                .iter()
                .take(REMEMBERED)
                .any(|one| *one == cursor.epoch);
        let whole = remembered && events.starts_with(&log);
        let recovered = match &joined.recovery {
            Recovery::Events(after) => {
                assert!([log, after.clone()].concat() == *events, "{cursor:?}");
                true
            }
            Recovery::Messages(_) => false,
        };
        assert_eq!(recovered, whole, "{cursor:?} in {epoch:?} after {before:?}");
        let by_hand = cursor.epoch == *epoch || joined.forks.share(&cursor);
        assert_eq!(by_hand, whole, "{cursor:?} by {:?}", joined.forks);
    }
}

/// Whatever was lost whenever: who has seen what is in the log now gets the
/// rest of it, and nobody else passes for one who has.
pub(crate) async fn any_cursor_of_any_epoch_is_served_what_it_missed_or_a_snapshot(
    mut place: Place,
) {
    let node = place.node().await;
    let runtime = tokio::runtime::Handle::current();
    let mut config = ProptestConfig::with_cases(place.property_cases());
    config.failure_persistence = None;
    let trying = tokio::task::spawn_blocking(move || {
        let server = place.server();
        let rooms = std::cell::Cell::new(0);
        let steps = prop::collection::vec(step(), 1..50);
        TestRunner::new(config).run(&steps, |steps| {
            rooms.set(rooms.get() + 1);
            let room = format!("room-{}", rooms.get());
            runtime.block_on(try_steps(&node, server, room, steps));
            Ok(())
        })
    });
    if let Err(error) = trying.await.unwrap() {
        panic!("{error}");
    }
}

async fn try_steps(node: &Node, server: &RedisServer, room: String, steps: Vec<Step>) {
    let epoch = node.open(&room).await.epoch;
    let mut model = Model {
        room,
        now: Line {
            epoch,
            events: Vec::new(),
            before: Vec::new(),
        },
        kept: Vec::new(),
        seen: Vec::new(),
        stale: false,
    };
    model.saw();
    for step in steps {
        match step {
            Step::Append(count) => model.append(node, count).await,
            Step::Keep => {
                model.copy(server, model.kept.len(), false);
                model.kept.push(model.now.clone());
            }
            Step::Restart(which) => {
                if let Some(which) = which.filter(|_| !model.kept.is_empty()) {
                    let number = which % model.kept.len();
                    model.copy(server, number, true);
                    model.now = model.kept[number].clone();
                }
                begin_another_term(server);
                model.stale = true;
            }
            Step::Come(pick) => model.come(node, pick).await,
        }
    }
}
