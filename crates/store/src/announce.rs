//! A word to all nodes by somebody who is none.

use crate::{EngineSettings, Settings, StoreError};

/// Publishes envelopes, one per line, on the shared channel. Gives how many nodes
/// heard of it; one that is away from the store just now does not.
///
/// # Errors
///
/// [`StoreError::Broken`] where there is no shared channel that another process could
/// use, [`StoreError::Unavailable`] where it cannot be reached.
pub async fn announce(settings: &Settings, payload: String) -> Result<u64, StoreError> {
    match &settings.engine {
        EngineSettings::Embedded(_) => Err(StoreError::Broken(
            "the embedded engine is heard of in its own process alone; this needs store = \"redis\"".to_owned(),
        )),
        EngineSettings::Redis(redis) => crate::redis::announce(redis, payload).await,
    }
}
