//! The store at the start of a node: waited for where it is away, looked over
//! once it is there.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use rookery_chat::health::Readiness;
use rookery_store::{Bus, CheckLine, CheckStatus, Store, StoreError};
use tokio::runtime::Runtime;

use crate::{
    listeners::Listeners, metrics::Metrics, settings::Settings, waiting_room::WaitingRoom,
};

/// How long the store may take before somebody is told that it is waited for.
const AT_ONCE: Duration = Duration::from_millis(300);

/// How often it is said that it still is.
const SAY_AGAIN: Duration = Duration::from_secs(30);

/// What a node is started with.
pub(crate) struct Start<'a> {
    pub(crate) settings: &'a Arc<Settings>,
    pub(crate) store: rookery_store::Settings,
    pub(crate) listeners: &'a Listeners,
    pub(crate) metrics: &'a Arc<Metrics>,
    pub(crate) readiness: &'a Arc<Readiness>,
    pub(crate) background: &'a Runtime,
}

impl Start<'_> {
    /// Connects the store, and answers whoever asks meanwhile.
    ///
    /// # Errors
    ///
    /// Where waiting helps nothing, or was long enough (`redis.wait_ms`); the
    /// words say what to do.
    pub(crate) async fn connect(&self) -> anyhow::Result<(Store, Bus)> {
        let connecting = self.connect_in_the_end();
        tokio::pin!(connecting);
        let connected = match tokio::time::timeout(AT_ONCE, &mut connecting).await {
            Ok(connected) => connected?,
            Err(_) => {
                let listeners = self.listeners.try_clone();
                let listeners = listeners.context("cannot listen twice")?;
                let server_id = &self.store.server_id;
                let (settings, metrics) = (self.settings, self.metrics);
                let room =
                    WaitingRoom::open(listeners, settings, metrics, self.readiness, server_id)
                        .context("cannot answer while the store is waited for")?;
                let connected = connecting.await;
                room.close().await;
                connected?
            }
        };
        look_over(&connected.0).await?;
        Ok(connected)
    }

    async fn connect_in_the_end(&self) -> anyhow::Result<(Store, Bus)> {
        let begun = Instant::now();
        let mut said: Option<Instant> = None;
        loop {
            let connecting = self.background.spawn(Store::connect(self.store.clone()));
            let connected = connecting.await.context("connecting the store broke")?;
            let error = match connected {
                Ok(made) => {
                    if said.is_some() {
                        let waited_s = begun.elapsed().as_secs();
                        tracing::info!(waited_s, "the store is there");
                    }
                    return Ok(made);
                }
                Err(error) => error,
            };
            if !error.is_for_now() || self.has_waited_enough(begun) {
                return Err(error).context("cannot use the store; `rookery check` says more");
            }
            say_now_and_then(&mut said, &error);
        }
    }

    fn has_waited_enough(&self, begun: Instant) -> bool {
        let most = self.settings.redis.wait_ms;
        most != 0 && begun.elapsed() >= Duration::from_millis(most)
    }
}

fn say_now_and_then(said: &mut Option<Instant>, error: &StoreError) {
    match said {
        Some(at) if at.elapsed() < SAY_AGAIN => return,
        Some(_) => tracing::warn!(%error, "still waiting for the store"),
        None => {
            tracing::warn!(%error, "waiting for the store; nobody is served until it is there (redis.wait_ms)");
        }
    }
    *said = Some(Instant::now());
}

/// Says what `rookery check` would say of the store.
///
/// # Errors
///
/// Where the store is one that no node can be served with.
async fn look_over(store: &Store) -> anyhow::Result<()> {
    // Where it is away again already, that is told by whoever watches it.
    for CheckLine {
        status,
        found,
        mend,
    } in store.look_over().await.unwrap_or_default()
    {
        let mend = mend.unwrap_or_default();
        match status {
            CheckStatus::Ok => {}
            CheckStatus::Warning => tracing::warn!("the store: {found}; {mend}"),
            CheckStatus::Failed => anyhow::bail!("cannot use the store: {found}; {mend}"),
        }
    }
    Ok(())
}
