//! Groups appends: what came while a call was under way goes out in the next one.
//! One call is under way at a time (for each partition, where these lie on different
//! servers), which keeps their order and makes the groups as large as the load is.
//!
//! Who makes many appends in a row leaves them here and says when that is all:
//! otherwise the first would travel alone while the others are being made. No
//! timer is involved: an idle node sends a single message at once.
//! Appends are carried out in the order in which they were made. One whose
//! connection broke fails; it is never sent again. Each has as long as an answer
//! of Redis may take, however long it waited for its call: what is too old by
//! then is refused and never sent.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Instant,
};

use fred::bytes_utils::Str;
use futures_util::future::join_all;
use rookery_protocol::{Event, ServerId};
use tokio::sync::{Notify, mpsc, oneshot};

use super::{
    append_call::Placed, append_sender::AppendSender, failure, grouping::Grouping, link::Link,
};
use crate::{Append, Appended, Partition, Replacement, Retention, Stats, StoreError};

/// At most so many appends travel in one call.
const APPENDS_PER_CALL: usize = 512;
/// A call that has so many bytes is full.
const BYTES_PER_CALL: usize = 256 * 1024;
/// What an append takes beside its body and its nonce, about.
const BYTES_BESIDE: usize = 256;

/// Where appends are made. Cheap to clone.
#[derive(Clone)]
pub(super) struct Appender {
    queue: mpsc::UnboundedSender<Waiting>,
    go: Arc<Go>,
    link: Link,
    retention: Arc<Retention>,
    counters: Arc<Counters>,
    /// The most bytes of appends that may wait; 0 is no limit.
    most_waiting: usize,
}

#[derive(Default)]
struct Counters {
    bytes_waiting: AtomicUsize,
    calls: AtomicU64,
    appends: AtomicU64,
}

/// Says that what is in the queue is to be sent.
#[derive(Default)]
struct Go {
    wake: Notify,
    /// Whether anything was put into the queue since it was said last.
    something_left: AtomicBool,
}

/// An append on its way.
struct Waiting {
    append: Append,
    bytes: usize,
    /// When it has failed.
    until: Instant,
    answer: oneshot::Sender<Result<Placed, StoreError>>,
}

impl Appender {
    /// An appender, and the task that does its work.
    pub(super) fn new(
        link: Link,
        server_id: ServerId,
        channel: Str,
        retention: Arc<Retention>,
        most_waiting: usize,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (queue, waiting) = mpsc::unbounded_channel();
        let counters = Arc::<Counters>::default();
        let go = Arc::<Go>::default();
        let task = Task {
            go: go.clone(),
            sender: AppendSender {
                link: link.clone(),
                server_id,
                channel,
                retention: retention.clone(),
            },
            counters: counters.clone(),
            waiting,
            held: None,
        };
        let appender = Self {
            queue,
            go,
            link,
            retention,
            counters,
            most_waiting,
        };
        (appender, task.run())
    }

    /// Puts an append into the queue and gives what becomes of it. It leaves
    /// when [`Self::send`] is called.
    pub(super) fn append(
        &self,
        append: Append,
    ) -> impl Future<Output = Result<Appended, StoreError>> + Send + 'static + use<> {
        let room = append.room.clone();
        let body = append.told();
        let ttl_ms = self.retention.ttl_ms(&room);
        let placed = self.enqueue(append);
        async move {
            let placed = placed?
                .await
                .unwrap_or_else(|_| Err(StoreError::Unavailable("the store was closed".into())))?;
            let expires_at = ttl_ms.map(|ttl_ms| placed.ts + ttl_ms);
            let event = (!placed.duplicate)
                .then(|| Event::compose(&room, placed.seq, placed.ts, expires_at, &body));
            Ok(Appended {
                epoch: placed.epoch,
                seq: placed.seq,
                ts: placed.ts,
                event,
            })
        }
    }

    fn enqueue(
        &self,
        append: Append,
    ) -> Result<oneshot::Receiver<Result<Placed, StoreError>>, StoreError> {
        self.link.must_be_up()?;
        let nonce = append
            .nonce
            .as_ref()
            .map_or(0, |nonce| nonce.as_str().len());
        let overwrite = append.overwrite.as_ref();
        let overwrite = overwrite.map_or(0, |overwrite| match &overwrite.with {
            Replacement::Text(text) => text.len(),
            Replacement::Deletion => 0,
        });
        let bytes = append.body.fields.len() + overwrite + nonce + BYTES_BESIDE;
        let waiting = &self.counters.bytes_waiting;
        let now_waiting = waiting.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if self.most_waiting != 0 && now_waiting > self.most_waiting {
            waiting.fetch_sub(bytes, Ordering::Relaxed);
            return Err(StoreError::Unavailable(
                "Redis is too slow for what is written; too much waits already (redis.waiting_bytes)"
                    .to_owned(),
            ));
        }
        let (answer, placed) = oneshot::channel();
        // Where the task has ended, the dropped answer says so.
        let _ = self.queue.send(Waiting {
            append,
            bytes,
            until: Instant::now() + self.link.command_timeout(),
            answer,
        });
        self.go.something_left.store(true, Ordering::Release);
        Ok(placed)
    }

    /// Sends what is in the queue, together with whatever joins it while a call is under way.
    pub(super) fn send(&self) {
        // Read first: mostly there is nothing, and a swap takes the cache line away from others.
        let left = &self.go.something_left;
        if left.load(Ordering::Acquire) && left.swap(false, Ordering::AcqRel) {
            self.go.wake.notify_one();
        }
    }

    /// How many calls there were, and how many appends in them.
    pub(super) fn stats(&self) -> Stats {
        Stats {
            append_calls: self.counters.calls.load(Ordering::Relaxed),
            appends: self.counters.appends.load(Ordering::Relaxed),
        }
    }
}

/// What sends the calls, one after the other.
struct Task {
    go: Arc<Go>,
    sender: AppendSender,
    counters: Arc<Counters>,
    waiting: mpsc::UnboundedReceiver<Waiting>,
    /// Taken from the queue, but too big for the call before it.
    held: Option<Waiting>,
}

impl Task {
    async fn run(mut self) {
        loop {
            self.go.wake.notified().await;
            // What joins in before its sender says that this is all waits for that,
            // unless a call is full.
            loop {
                let (batch, full) = self.next_batch();
                if !batch.is_empty() {
                    self.carry_out(batch).await;
                }
                if !full {
                    break;
                }
            }
        }
    }

    /// Takes what waits, up to the size of a call, and says whether it is full.
    fn next_batch(&mut self) -> (Vec<Waiting>, bool) {
        let mut batch = Vec::with_capacity(APPENDS_PER_CALL.min(self.waiting.len() + 1));
        let mut bytes = 0;
        let now = Instant::now();
        while batch.len() < APPENDS_PER_CALL {
            let Some(next) = self.held.take().or_else(|| self.waiting.try_recv().ok()) else {
                return (batch, false);
            };
            if next.until <= now {
                self.answer(next, Err(failure::too_late()));
                continue;
            }
            bytes += next.bytes;
            if bytes > BYTES_PER_CALL && !batch.is_empty() {
                self.held = Some(next);
                return (batch, true);
            }
            batch.push(next);
        }
        (batch, true)
    }

    /// Sends a batch and hands the answers to those who wait for them: in one call, or in
    /// one for each partition, where these lie on different servers.
    async fn carry_out(&self, batch: Vec<Waiting>) {
        // They came in this order, so the first one's time is up first.
        let Some(until) = batch.first().map(|oldest| oldest.until) else {
            return;
        };
        let grouping = self.sender.grouping();
        if grouping == Grouping::Together {
            return self.send(batch, until).await;
        }
        let of_room = |waiting: &Waiting| Partition::of_room(&waiting.append.room);
        let calls = grouping.split(batch, of_room).into_iter().map(|group| {
            let batch = group.into_iter().map(|(_, waiting)| waiting).collect();
            self.send(batch, until)
        });
        join_all(calls).await;
    }

    async fn send(&self, batch: Vec<Waiting>, until: Instant) {
        self.counters.calls.fetch_add(1, Ordering::Relaxed);
        let count = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        self.counters.appends.fetch_add(count, Ordering::Relaxed);
        let appends: Vec<&Append> = batch.iter().map(|waiting| &waiting.append).collect();
        match self.sender.carry_out(&appends, until).await {
            Ok(placed) => {
                for (waiting, placed) in batch.into_iter().zip(placed) {
                    self.answer(waiting, placed);
                }
            }
            Err(failed) => {
                for waiting in batch {
                    self.answer(waiting, Err(failed.clone()));
                }
            }
        }
    }

    /// Hands an answer to whoever waits for it.
    fn answer(&self, waiting: Waiting, answer: Result<Placed, StoreError>) {
        let bytes = &self.counters.bytes_waiting;
        bytes.fetch_sub(waiting.bytes, Ordering::Relaxed);
        // Nobody has to wait for it.
        let _ = waiting.answer.send(answer);
    }
}
