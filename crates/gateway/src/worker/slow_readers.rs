//! Connections whose kernel takes no more, and since when.
//!
//! Whoever takes nothing for long is closed, since a ping cannot reach it behind
//! what waits. Only slow readers stand here: an idle connection costs nothing.

use std::{cell::RefCell, collections::HashMap, rc::Rc, time::Duration};

use rookery_chat::{Moment, delivery::ConnectionKey};
use rookery_protocol::CloseCode;

use super::Worker;

/// How often they are looked at.
const TICK: Duration = Duration::from_millis(500);

/// After how long a client that takes nothing is closed while others wait because
/// this node holds as many answers as it may.
const SHORT: Duration = Duration::from_secs(2);

/// The slow readers of a worker.
#[derive(Default)]
pub(crate) struct SlowReaders {
    by_key: RefCell<HashMap<ConnectionKey, SlowReader>>,
}

#[derive(Debug, Clone, Copy)]
struct SlowReader {
    /// Since when something waits for it.
    since: Moment,
    /// When it took something last.
    took: Moment,
}

impl SlowReaders {
    /// The kernel took something, but not all.
    pub(crate) fn took_a_part(&self, connection: ConnectionKey) {
        let now = Moment::now();
        let mut by_key = self.by_key.borrow_mut();
        let fresh = SlowReader {
            since: now,
            took: now,
        };
        by_key.entry(connection).or_insert(fresh).took = now;
    }

    /// Nothing waits for it any more.
    pub(crate) fn took_all(&self, connection: ConnectionKey) {
        let mut by_key = self.by_key.borrow_mut();
        by_key.remove(&connection);
        if by_key.is_empty() {
            // What many needed is not kept for the few.
            *by_key = HashMap::new();
        }
    }

    /// Those of whom this is so.
    fn which(&self, is_so: impl Fn(&SlowReader) -> bool) -> Vec<ConnectionKey> {
        let by_key = self.by_key.borrow();
        let which = by_key.iter().filter(|(_, reader)| is_so(reader));
        which.map(|(key, _)| *key).collect()
    }

    /// Nothing can be said of the time until now.
    fn begin_anew(&self, now: Moment) {
        let mut by_key = self.by_key.borrow_mut();
        by_key.values_mut().for_each(|reader| reader.took = now);
    }
}

impl SlowReader {
    /// Whether it has held up others, or itself, for too long.
    fn has_stalled(&self, now: Moment, patience: Duration, others_wait: bool) -> bool {
        let took_nothing_for = now.saturating_duration_since(self.took);
        let waits_for = now.saturating_duration_since(self.since);
        took_nothing_for >= patience
            || (others_wait && (took_nothing_for >= SHORT || waits_for >= patience))
    }
}

/// Runs until the worker's thread ends.
pub(super) async fn run(worker: Rc<Worker>) {
    let patience = match worker.node.settings.limits.stalled_ms {
        0 => Duration::MAX,
        ms => Duration::from_millis(ms),
    };
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
        let others_wait = worker.node.chat.answers.are_waited_for();
        let stalled = |reader: &SlowReader| reader.has_stalled(now, patience, others_wait);
        for key in worker.slow_readers.which(stalled) {
            if let Some(connection) = worker.connection(key) {
                connection.close(CloseCode::SlowReader, &worker);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_holds_up_others_has_less_time() {
        let now = Moment::now() + Duration::from_secs(1000);
        let ago = |seconds| now.before(Duration::from_secs(seconds));
        let reader = |since, took| SlowReader {
            since: ago(since),
            took: ago(took),
        };
        let patience = Duration::from_secs(30);
        for (reader, alone, while_others_wait) in [
            (reader(1, 1), false, false),
            (reader(29, 1), false, false),
            (reader(29, 3), false, true),
            (reader(31, 1), false, true),
            (reader(31, 31), true, true),
        ] {
            let stalled = |others_wait| reader.has_stalled(now, patience, others_wait);
            assert_eq!(
                (stalled(false), stalled(true)),
                (alone, while_others_wait),
                "{reader:?}"
            );
        }
    }
}
