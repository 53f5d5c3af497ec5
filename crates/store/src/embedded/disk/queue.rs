//! What waits to be written, and up to where it is.
//!
//! Steps are added from any thread and never wait; one thread takes all that is there and
//! writes it as one. So what lies on the disk is always what was so at one moment.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex, MutexGuard};
use tokio::{sync::watch, time::timeout};

use super::batch::Batch;
use crate::{DataSync, StoreError};

/// How long steps wait for others where they need not be written at once.
const PERIOD: Duration = Duration::from_secs(1);

/// From so many bytes on they wait no longer.
const LARGE_BYTES: usize = 16 * 1024 * 1024;

/// Which batch something is written with. Each has everything of those before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::embedded) struct BatchNumber(u64);

/// What waits to be written.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    /// There is something to be done.
    wake: Condvar,
    /// `written` is another.
    progress: Condvar,
    written: watch::Sender<Written>,
    /// With more bytes waiting nothing is added that can be refused.
    most_bytes: usize,
    /// How long a batch may take to be written before the disk counts as hanging.
    patience: Duration,
}

#[derive(Debug, Default)]
struct Waiting {
    batch: Batch,
    /// The number of the last batch that was taken.
    taken: BatchNumber,
    /// Since when it is being written, if it is.
    taken_at: Option<Instant>,
    /// Somebody waits for it.
    hurry: bool,
    closing: bool,
}

/// Up to where everything is written.
#[derive(Debug, Clone, Default)]
struct Written {
    up_to: BatchNumber,
    /// Why nothing is just now.
    trouble: Option<Arc<str>>,
    /// Nothing is written any more.
    ended: bool,
}

/// What is to be written next.
pub(super) struct Taken {
    pub(super) batch: Batch,
    pub(super) number: BatchNumber,
    /// Nothing comes after it.
    pub(super) last: bool,
}

impl Queue {
    pub(super) fn new(most_bytes: usize, patience: Duration) -> Self {
        Self {
            patience,
            most_bytes: match most_bytes {
                0 => usize::MAX,
                most => most,
            },
            waiting: Mutex::default(),
            wake: Condvar::new(),
            progress: Condvar::new(),
            written: watch::Sender::new(Written::default()),
        }
    }

    /// Adds a step, and says which batch it will be written with.
    pub(super) fn push(&self, step: &mut Batch, sync: DataSync) -> BatchNumber {
        let mut waiting = self.waiting.lock();
        if (sync == DataSync::Always && waiting.batch.is_empty())
            || waiting.batch.len() > LARGE_BYTES
        {
            self.wake.notify_one();
        }
        waiting.batch.take_from(step);
        BatchNumber(waiting.taken.0 + 1)
    }

    /// Whether everything up to a batch is written.
    pub(super) fn has_written(&self, number: BatchNumber) -> bool {
        self.written.borrow().up_to >= number
    }

    /// Why nothing more should be added, if so.
    pub(super) fn trouble(&self) -> Result<(), StoreError> {
        let written = self.written.borrow();
        if let Some(words) = &written.trouble {
            return Err(StoreError::ReadOnly(words.to_string()));
        }
        if written.ended {
            return Err(StoreError::Unavailable("the store is closed".to_owned()));
        }
        drop(written);
        let waiting = self.waiting.lock();
        if waiting
            .taken_at
            .is_some_and(|at| at.elapsed() > self.patience)
        {
            return Err(StoreError::ReadOnly(self.hanging()));
        }
        if waiting.batch.len() > self.most_bytes {
            return Err(StoreError::ReadOnly(format!(
                "the disk of the data folder does not keep up: more than {} bytes wait to be written (embedded.waiting_bytes)",
                self.most_bytes
            )));
        }
        Ok(())
    }

    /// Waits until everything up to a batch is written.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] where it cannot be for now; it may be later.
    pub(super) async fn until_written(&self, number: BatchNumber) -> Result<(), StoreError> {
        let mut changes = self.written.subscribe();
        let written = changes.wait_for(|written| {
            written.up_to >= number || written.ended || written.trouble.is_some()
        });
        // A batch that is being written, and then the one with this.
        let Ok(written) = timeout(2 * self.patience, written).await else {
            return Err(StoreError::Unavailable(self.hanging()));
        };
        match written {
            Ok(written) if written.up_to >= number => Ok(()),
            Ok(written) => {
                let words = written.trouble.as_deref();
                let words = words.unwrap_or("the store is closed").to_owned();
                Err(StoreError::Unavailable(words))
            }
            // Not while the queue is there.
            Err(_) => Err(StoreError::Unavailable("the store is closed".to_owned())),
        }
    }

    /// Has everything that waits written, and waits for that; false where it cannot be.
    pub(super) fn write_all(&self) -> bool {
        let mut waiting = self.waiting.lock();
        let number = match waiting.batch.is_empty() {
            true => waiting.taken,
            false => BatchNumber(waiting.taken.0 + 1),
        };
        waiting.hurry = true;
        self.wake.notify_one();
        self.wait(&mut waiting, |written| {
            written.up_to >= number || written.trouble.is_some()
        });
        self.has_written(number)
    }

    /// Has everything that waits written as the last, and waits for that.
    pub(super) fn close(&self) {
        let mut waiting = self.waiting.lock();
        waiting.closing = true;
        self.wake.notify_one();
        self.wait(&mut waiting, |_| false);
    }

    fn wait(&self, waiting: &mut MutexGuard<'_, Waiting>, is_so: impl Fn(&Written) -> bool) {
        loop {
            let written = self.written.borrow().clone();
            if written.ended || is_so(&written) {
                return;
            }
            self.progress.wait(waiting);
        }
    }

    /// What is to be written next, once it is time.
    pub(super) fn take(&self, sync: DataSync) -> Taken {
        let mut waiting = self.waiting.lock();
        let until = Instant::now() + PERIOD;
        while !waiting.closing && !waiting.hurry {
            match sync {
                DataSync::Always if !waiting.batch.is_empty() => break,
                DataSync::Always => self.wake.wait(&mut waiting),
                DataSync::EverySecond if waiting.batch.len() > LARGE_BYTES => break,
                DataSync::EverySecond => {
                    if self.wake.wait_until(&mut waiting, until).timed_out() {
                        break;
                    }
                }
            }
        }
        waiting.hurry = false;
        if !waiting.batch.is_empty() {
            waiting.taken.0 += 1;
            waiting.taken_at = Some(Instant::now());
        }
        Taken {
            batch: std::mem::take(&mut waiting.batch),
            number: waiting.taken,
            last: waiting.closing,
        }
    }

    /// Whether somebody waits for the end.
    pub(super) fn is_closing(&self) -> bool {
        self.waiting.lock().closing
    }

    fn hanging(&self) -> String {
        format!(
            "the disk of the data folder has not taken what was to be written for {} s (embedded.write_timeout_ms); look at its health",
            self.patience.as_secs_f64()
        )
    }

    /// Everything up to this batch is written.
    pub(super) fn note_written(&self, number: BatchNumber) {
        self.waiting.lock().taken_at = None;
        self.note(|written| {
            written.up_to = number;
            written.trouble = None;
        });
    }

    /// Nothing is written for now.
    pub(super) fn note_trouble(&self, words: &str) {
        self.note(|written| written.trouble = Some(Arc::from(words)));
    }

    /// Nothing is written any more.
    pub(super) fn note_end(&self) {
        self.note(|written| written.ended = true);
    }

    fn note(&self, change: impl FnOnce(&mut Written)) {
        self.written.send_modify(change);
        // Whoever looked before waits by now, or is still to look.
        let _waiting = self.waiting.lock();
        self.progress.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::disk::tables::Table;

    #[tokio::test]
    async fn a_disk_that_hangs_is_told_of_until_it_does_not() {
        let patience = Duration::from_millis(30);
        let queue = Queue::new(0, patience);
        let mut step = Batch::default();
        step.remove(Table::Made, b"u");
        let number = queue.push(&mut step, DataSync::Always);
        let taken = queue.take(DataSync::Always);
        assert_eq!((taken.number, queue.trouble().is_ok()), (number, true));
        // Nobody writes it.
        let refused = queue.until_written(number).await.unwrap_err();
        assert!(matches!(&refused, StoreError::Unavailable(_)), "{refused}");
        let refused = queue.trouble().unwrap_err();
        assert!(
            refused.to_string().contains("write_timeout_ms"),
            "{refused}"
        );
        queue.note_written(number);
        queue.until_written(number).await.unwrap();
        queue.trouble().unwrap();
    }
}
