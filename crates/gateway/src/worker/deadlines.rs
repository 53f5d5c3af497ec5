//! Time limits of connections, without a timer for each.
//!
//! A connection stands once in a slot of time; when the slot is due the
//! connection says what is to happen and when to look again. What a connection
//! does in between costs nothing here.

use std::{collections::BTreeMap, rc::Rc, time::Duration};

use rookery_chat::{Moment, delivery::ConnectionKey};

use super::{Connection, Worker};

/// How exact deadlines are kept.
const TICK: Duration = Duration::from_millis(100);

/// Where so much time passed between two ticks, the process or the machine was
/// paused, or had better things to do.
const LONG: Duration = Duration::from_millis(500);

/// Who is to be looked at when, by number of ticks since the start.
pub(super) struct Deadlines {
    start: Moment,
    slots: BTreeMap<u64, Vec<ConnectionKey>>,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            start: Moment::now(),
            slots: BTreeMap::new(),
        }
    }
}

impl Deadlines {
    fn tick_of(&self, time: Moment) -> u64 {
        let ticks = time.saturating_duration_since(self.start).as_millis() / TICK.as_millis();
        u64::try_from(ticks).unwrap_or(u64::MAX)
    }

    fn insert(&mut self, due: Moment, key: ConnectionKey) {
        let tick = self.tick_of(due) + 1;
        self.slots.entry(tick).or_default().push(key);
    }

    /// Takes out whoever is due, each once: a connection that wanted to be looked at
    /// sooner stands here twice, until its two moments have come together.
    fn due(&mut self, now: Moment) -> Vec<ConnectionKey> {
        let later = self.slots.split_off(&(self.tick_of(now) + 1));
        let due = std::mem::replace(&mut self.slots, later).into_values();
        let mut due: Vec<_> = due.flatten().collect();
        due.sort_unstable();
        due.dedup();
        due
    }
}

impl Worker {
    /// Looks at the connection again when its next time limit is due.
    pub(crate) fn watch(&self, connection: &Connection) {
        if let Some(due) = connection.next_deadline(self) {
            self.deadlines.borrow_mut().insert(due, connection.key);
        }
    }
}

impl Connection {
    /// Something changed that it has only so long for: it is looked at sooner than
    /// it was to be, where that is wanted.
    pub(crate) fn watch_sooner(&self, before: Option<Moment>, worker: &Worker) {
        if self.next_deadline(worker) < before {
            worker.watch(self);
        }
    }
}

/// Runs until the worker's thread ends.
pub(super) async fn run(worker: Rc<Worker>) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut before = Moment::now();
    loop {
        ticks.tick().await;
        let now = Moment::now();
        let stood_still = now.saturating_duration_since(before) > LONG;
        before = now;
        let due = worker.deadlines.borrow_mut().due(now);
        for connection in due.into_iter().filter_map(|key| worker.connection(key)) {
            connection.meet_deadlines(now, stood_still, &worker);
            worker.watch(&connection);
        }
    }
}
