//! How many people's messages a node takes away at once, behind bans that want it.

use std::sync::Arc;

use rookery_protocol::ErrorCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::refusal::{Refusal, Retry};

/// How many may be under way on this node.
#[derive(Debug, Clone)]
pub(crate) struct Purges(Arc<Semaphore>);

impl Purges {
    /// At most so many; 0 is no limit.
    pub(crate) fn new(most: usize) -> Self {
        let permits = match most {
            0 => Semaphore::MAX_PERMITS,
            most => most.min(Semaphore::MAX_PERMITS),
        };
        Self(Arc::new(Semaphore::new(permits)))
    }

    /// A place among them, for as long as it is held.
    pub(crate) fn take(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        let permit = Arc::clone(&self.0).try_acquire_owned();
        permit.map_err(|_| {
            Refusal::for_now(
                ErrorCode::Unavailable,
                "this node takes away the messages of as many people as it may (limits.purges); ban without delete_since, or later",
                Retry::Spread,
            )
        })
    }
}
