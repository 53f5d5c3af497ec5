//! Connections whose kernel takes no more, and since when.
//!
//! Whoever takes nothing for long is closed, since a ping cannot reach it behind
//! what waits. Only slow readers stand here: an idle connection costs nothing.

use std::{cell::RefCell, collections::HashMap, rc::Rc, time::Duration};

use rookery_protocol::CloseCode;

use super::{ConnectionKey, Worker};
use crate::{clock::Moment, socket::Connection};

/// How often they are looked at.
const TICK: Duration = Duration::from_millis(500);

/// The slow readers of a worker, each with when it last took something.
#[derive(Default)]
pub(crate) struct SlowReaders {
    took: RefCell<HashMap<ConnectionKey, Moment>>,
}

impl SlowReaders {
    /// The kernel took something, but not all.
    pub(crate) fn took_a_part(&self, connection: ConnectionKey) {
        self.took.borrow_mut().insert(connection, Moment::now());
    }

    /// Nothing waits for it any more.
    pub(crate) fn took_all(&self, connection: ConnectionKey) {
        let mut took = self.took.borrow_mut();
        took.remove(&connection);
        if took.is_empty() {
            // What many needed is not kept for the few.
            *took = HashMap::new();
        }
    }

    /// Those who took nothing for so long.
    fn stalled(&self, now: Moment, span: Duration) -> Vec<ConnectionKey> {
        let took = self.took.borrow();
        let stalled = took
            .iter()
            .filter(|(_, took)| now.saturating_duration_since(**took) >= span);
        stalled.map(|(key, _)| *key).collect()
    }

    /// Nothing can be said of the time until now.
    fn begin_anew(&self, now: Moment) {
        let mut took = self.took.borrow_mut();
        took.values_mut().for_each(|took| *took = now);
    }
}

/// Runs until the worker's thread ends.
pub(super) async fn run(worker: Rc<Worker>) {
    let patience = Duration::from_millis(worker.hub.settings.limits.stalled_ms);
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut before = Moment::now();
    loop {
        ticks.tick().await;
        let now = Moment::now();
        // A process or a machine that was paused wrote nothing meanwhile.
        if now.saturating_duration_since(before) > 2 * TICK {
            worker.slow_readers.begin_anew(now);
        }
        before = now;
        if patience.is_zero() {
            continue;
        }
        for connection in worker.stalled(now, patience) {
            connection.close(CloseCode::SlowReader, &worker);
        }
    }
}

impl Worker {
    fn stalled(&self, now: Moment, span: Duration) -> Vec<Rc<Connection>> {
        let stalled = self.slow_readers.stalled(now, span).into_iter();
        stalled.filter_map(|key| self.connection(key)).collect()
    }
}
