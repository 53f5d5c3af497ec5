//! Takes the figures once a second, once for all viewers, and keeps the last
//! minutes for those who come later.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use tokio::sync::broadcast;

use super::figures::Before;
use crate::node::Node;

/// How often figures are taken.
const EVERY: Duration = Duration::from_secs(1);

/// How many figures are kept: five minutes.
const KEPT: usize = 300;

/// How many people may watch at once.
const MOST_VIEWERS: usize = 16;

/// How many seconds a viewer may be behind before it misses some.
const BEHIND: usize = 8;

/// The figures of the last minutes, each as JSON.
pub(super) struct Sampler {
    kept: Mutex<VecDeque<Arc<str>>>,
    latest: broadcast::Sender<Arc<str>>,
    viewers: AtomicUsize,
}

impl Sampler {
    /// Starts taking figures, on the runtime of the caller.
    pub(super) fn start(node: Arc<Node>) -> Arc<Self> {
        let sampler = Arc::new(Self {
            kept: Mutex::new(VecDeque::with_capacity(KEPT)),
            latest: broadcast::channel(BEHIND).0,
            viewers: AtomicUsize::new(0),
        });
        actix_rt::spawn(Arc::clone(&sampler).run(node));
        sampler
    }

    async fn run(self: Arc<Self>, node: Arc<Node>) {
        let mut before = Before::now(&node);
        let mut times = tokio::time::interval_at(tokio::time::Instant::now() + EVERY, EVERY);
        times.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            times.tick().await;
            match serde_json::to_string(&before.figures(&node)) {
                Ok(json) => self.keep(json.into()),
                Err(error) => tracing::error!(%error, "figures could not be written"),
            }
        }
    }

    fn keep(&self, figures: Arc<str>) {
        let mut kept = self.kept.lock();
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(Arc::clone(&figures));
        // Nobody may be watching. Sent under the lock, so that who comes now
        // gets each of them once.
        let _ = self.latest.send(figures);
    }

    /// A place to watch from; none where there are viewers enough.
    pub(super) fn viewer(self: &Arc<Self>) -> Option<Viewer> {
        let taken = self.viewers.fetch_add(1, Ordering::Relaxed);
        let viewer = Viewer(Arc::clone(self));
        (taken < MOST_VIEWERS).then_some(viewer)
    }
}

/// A viewer's place, free again when it is dropped.
pub(super) struct Viewer(Arc<Sampler>);

impl Viewer {
    /// What was so far, as a JSON array, and what comes from now on.
    pub(super) fn watch(&self) -> (String, broadcast::Receiver<Arc<str>>) {
        let kept = self.0.kept.lock();
        let so_far: Vec<&str> = kept.iter().map(AsRef::as_ref).collect();
        (format!("[{}]", so_far.join(",")), self.0.latest.subscribe())
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.0.viewers.fetch_sub(1, Ordering::Relaxed);
    }
}
