//! Telling a dead connection from a quiet one, whatever its library thinks.
//!
//! Whoever takes an answer from a connection counts it here. Where none comes
//! for a while Redis is asked for one, so that silence always means something.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use fred::{error::Error, interfaces::ClientLike};
use tokio::time::{Instant, sleep, timeout_at};

use super::failure;

/// Silence shorter than this says nothing, however impatient the settings are.
const LEAST_PATIENCE: Duration = Duration::from_secs(1);
/// A connection is looked at so many times within its patience.
const LOOKS: u32 = 16;

/// For how long a connection may be silent though it was asked: twice the time
/// that an answer may take.
pub(super) fn patience(command_timeout: Duration) -> Duration {
    (command_timeout * 2).max(LEAST_PATIENCE)
}

/// How often something was heard on a connection.
#[derive(Debug, Default)]
pub(super) struct Pulse(AtomicU64);

impl Pulse {
    /// Something came from Redis.
    pub(super) fn beat(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts the outcome of a command if it came from Redis, as refusals do too.
    pub(super) fn note<T>(&self, outcome: &Result<T, Error>) {
        match outcome {
            Err(error) if failure::is_of_the_connection(error) => {}
            _ => self.beat(),
        }
    }

    /// Returns once nothing was heard for so long though it was asked for; never
    /// while answers come.
    pub(super) async fn stops(&self, client: &impl ClientLike, patience: Duration) {
        let mut heard = self.count();
        let mut asked: Option<Instant> = None;
        loop {
            sleep(patience / LOOKS).await;
            let now_heard = self.count();
            if now_heard != heard {
                (heard, asked) = (now_heard, None);
                continue;
            }
            // Looked at once more after the time was up: this process may have
            // been stopped meanwhile, and the answer be there.
            let until = *asked.get_or_insert_with(Instant::now) + patience;
            if Instant::now() >= until {
                return;
            }
            if let Ok(outcome) = timeout_at(until, client.ping::<()>(None)).await {
                self.note(&outcome);
            }
        }
    }

    fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
