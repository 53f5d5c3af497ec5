//! Groups appends: what came while calls were under way goes out in the next one.
//!
//! An idle node sends a single message at once, a busy one many in one call.
//! Appends are carried out in the order in which they were made. One whose
//! connection broke fails; it is never sent again.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use fred::types::Value;
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use rookery_protocol::{Event, ServerId};
use tokio::sync::{mpsc, oneshot};

use super::{
    append_call::{AppendCall, Placed},
    connection::CallFailure,
    failure,
    link::Link,
    script::Script,
};
use crate::{Append, Appended, Retention, Stats, StoreError};

/// At most so many appends travel in one call.
const APPENDS_PER_CALL: usize = 128;
/// A call that has so many bytes is full.
const BYTES_PER_CALL: usize = 256 * 1024;
/// So many calls are under way at once, over one connection.
const CALLS_IN_FLIGHT: usize = 4;
/// A Redis that forgets the script more often than this in a row is given up.
const MOST_LOADS: usize = 10;
/// What an append takes beside its body and its nonce, about.
const BYTES_BESIDE: usize = 256;

/// Where appends are made. Cheap to clone.
#[derive(Clone)]
pub(super) struct Appender {
    queue: mpsc::UnboundedSender<Waiting>,
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

/// An append on its way.
struct Waiting {
    append: Append,
    bytes: usize,
    answer: oneshot::Sender<Result<Placed, StoreError>>,
}

impl Appender {
    /// An appender, and the task that does its work.
    pub(super) fn new(
        link: Link,
        server_id: ServerId,
        retention: Arc<Retention>,
        most_waiting: usize,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (queue, waiting) = mpsc::unbounded_channel();
        let counters = Arc::<Counters>::default();
        let task = Task {
            link: link.clone(),
            server_id,
            retention: retention.clone(),
            counters: counters.clone(),
            waiting,
            held: None,
            sent: 0,
            lapsed: BTreeMap::new(),
        };
        let appender = Self {
            queue,
            link,
            retention,
            counters,
            most_waiting,
        };
        (appender, task.run())
    }

    /// Puts an append into the queue and gives what becomes of it.
    pub(super) fn append(
        &self,
        append: Append,
    ) -> impl Future<Output = Result<Appended, StoreError>> + Send + 'static + use<> {
        let room = append.room.clone();
        let body = append.body.clone();
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
        self.link.current()?;
        let nonce = append
            .nonce
            .as_ref()
            .map_or(0, |nonce| nonce.as_str().len());
        let bytes = append.body.fields.len() + nonce + BYTES_BESIDE;
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
            answer,
        });
        Ok(placed)
    }

    /// How many calls there were, and how many appends in them.
    pub(super) fn stats(&self) -> Stats {
        Stats {
            append_calls: self.counters.calls.load(Ordering::Relaxed),
            appends: self.counters.appends.load(Ordering::Relaxed),
        }
    }
}

/// What sends the calls.
struct Task {
    link: Link,
    server_id: ServerId,
    retention: Arc<Retention>,
    counters: Arc<Counters>,
    waiting: mpsc::UnboundedReceiver<Waiting>,
    /// Taken from the queue, but too big for the call before it.
    held: Option<Waiting>,
    /// How many batches were sent, which gives each its number.
    sent: u64,
    /// Batches that Redis refused because it had forgotten the script, by
    /// number: the answers of several calls are not seen in their order.
    lapsed: BTreeMap<u64, Vec<Waiting>>,
}

/// A call that was answered.
struct Answered {
    number: u64,
    batch: Vec<Waiting>,
    call: AppendCall,
    answer: Result<Value, CallFailure>,
}

impl Task {
    async fn run(mut self) {
        let mut in_flight = FuturesUnordered::new();
        loop {
            // A call is sent when it is first polled, which the next turn does
            // before it takes another batch: calls leave in the order of their making.
            tokio::select! {
                biased;
                Some(answered) = in_flight.next() => self.finish(answered),
                batch = self.next_batch(), if in_flight.len() < CALLS_IN_FLIGHT && self.lapsed.is_empty() => {
                    match batch {
                        Some(batch) => {
                            self.sent += 1;
                            in_flight.push(self.send(self.sent, batch));
                        }
                        None => return,
                    }
                }
            }
            if in_flight.is_empty() {
                self.repeat_lapsed().await;
            }
        }
    }

    /// Loads the script again and carries out what Redis had refused for the
    /// lack of it, one batch after the other. Nothing else is sent meanwhile,
    /// so that the order stays.
    async fn repeat_lapsed(&mut self) {
        let mut loads = 0;
        while let Some((number, batch)) = self.lapsed.pop_first() {
            let answered = self.send(number, batch).await;
            if matches!(answered.answer, Err(CallFailure::NoScript)) && loads < MOST_LOADS {
                loads += 1;
                self.load_scripts().await;
                self.lapsed.insert(number, answered.batch);
            } else {
                self.answer(answered);
            }
        }
    }

    /// Waits for an append and takes what waits behind it, up to the size of a
    /// call. Nothing is lost when the future is dropped.
    async fn next_batch(&mut self) -> Option<Vec<Waiting>> {
        let first = match self.held.take() {
            Some(held) => held,
            None => self.waiting.recv().await?,
        };
        let mut bytes = first.bytes;
        let mut batch = vec![first];
        while batch.len() < APPENDS_PER_CALL {
            let Ok(next) = self.waiting.try_recv() else {
                break;
            };
            bytes += next.bytes;
            if bytes > BYTES_PER_CALL {
                self.held = Some(next);
                break;
            }
            batch.push(next);
        }
        Some(batch)
    }

    /// The call of a batch; it is sent when the future is first polled.
    fn send(
        &self,
        number: u64,
        batch: Vec<Waiting>,
    ) -> impl Future<Output = Answered> + Send + 'static + use<> {
        let mut call = AppendCall::new(
            &self.server_id,
            &self.retention,
            batch.iter().map(|waiting| &waiting.append),
        );
        let (keys, args) = (
            std::mem::take(&mut call.keys),
            std::mem::take(&mut call.args),
        );
        let link = self.link.clone();
        async move {
            let answer = match link.current() {
                Ok(connection) => connection.call_once(Script::Append, keys, args).await,
                Err(error) => Err(CallFailure::Other(error)),
            };
            Answered {
                number,
                batch,
                call,
                answer,
            }
        }
    }

    /// Hands the answers of a call to those who wait for them, or keeps its
    /// batch for when the script is loaded again.
    fn finish(&mut self, answered: Answered) {
        if matches!(answered.answer, Err(CallFailure::NoScript)) {
            self.lapsed.insert(answered.number, answered.batch);
        } else {
            self.answer(answered);
        }
    }

    fn answer(&self, answered: Answered) {
        let Answered {
            batch,
            call,
            answer,
            ..
        } = answered;
        self.counters.calls.fetch_add(1, Ordering::Relaxed);
        let appends = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        self.counters.appends.fetch_add(appends, Ordering::Relaxed);
        let bytes = batch.iter().map(|waiting| waiting.bytes).sum();
        self.counters
            .bytes_waiting
            .fetch_sub(bytes, Ordering::Relaxed);
        let failed = match answer {
            Ok(answer) => match call.read(&answer) {
                Some(placed) => {
                    for (waiting, placed) in batch.into_iter().zip(placed) {
                        // Nobody has to wait for the answer.
                        let _ = waiting.answer.send(placed);
                    }
                    return;
                }
                None => failure::nonsense("an append"),
            },
            Err(CallFailure::Other(error)) => error,
            Err(CallFailure::NoScript) => StoreError::Unavailable(
                "Redis forgets its scripts as soon as they are loaded".to_owned(),
            ),
        };
        for waiting in batch {
            let _ = waiting.answer.send(Err(failed.clone()));
        }
    }

    /// Loads the scripts again. Where that fails, so will the calls.
    async fn load_scripts(&self) {
        if let Ok(connection) = self.link.current() {
            let loads = connection.loads().await;
            if let Err(error) = connection.load_again(loads).await {
                tracing::warn!(%error, "cannot load the scripts into Redis again");
            }
        }
    }
}
