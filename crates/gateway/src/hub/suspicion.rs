//! Something may have been missed in any room: all are looked through again.
//!
//! Where the shared channel is faster than this node it says so again and
//! again, and what has to catch up must not be kept busy by that. So however
//! often something is suspected, one pass over the rooms is made at a time, and one more
//! where it was suspected meanwhile; between them the node rests for as long as
//! the last one took. What raises a suspicion costs the same with one room and
//! with a hundred thousand.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::Hub;

/// The longest rest between two passes.
const LONGEST_REST: Duration = Duration::from_secs(5);
/// How long to wait before a store that could not be asked is asked again.
const RETRY: Duration = Duration::from_secs(1);

/// Whether and since when something may have been missed.
#[derive(Debug, Default)]
pub(super) struct Suspicion {
    /// Holds one word, which stands for all that was suspected since the last pass began.
    raised: Notify,
    latest: Mutex<Option<Instant>>,
}

impl Suspicion {
    fn raise(&self) {
        *self.latest.lock() = Some(Instant::now());
        self.raised.notify_one();
    }

    /// What was learned before this moment may be wrong.
    pub(super) fn latest(&self) -> Option<Instant> {
        *self.latest.lock()
    }
}

/// Passes over the rooms for as long as the node lives.
pub(super) async fn run(hub: Arc<Hub>) {
    let mut in_doubt = false;
    loop {
        hub.until_suspicion(in_doubt).await;
        let begun = Instant::now();
        in_doubt = hub.store_memory.in_doubt_for().is_some();
        hub.compare_heads().await;
        let read = hub.refresh_all_rosters().await;
        hub.metrics.passes.inc();
        if let Err(error) = read {
            tracing::debug!(%error, "who is in the rooms could not be read; trying again");
            tokio::time::sleep(RETRY).await;
            hub.suspicion.raised.notify_one();
        }
        tokio::time::sleep(begun.elapsed().min(LONGEST_REST)).await;
    }
}

impl Hub {
    /// Waits until there is a reason for the next pass. Where the store was in
    /// doubt during the last one, that is one as soon as it can be believed.
    async fn until_suspicion(&self, was_in_doubt: bool) {
        let raised = self.suspicion.raised.notified();
        match was_in_doubt {
            true => {
                let doubt = self.store_memory.in_doubt_for().unwrap_or_default();
                drop(tokio::time::timeout(doubt, raised).await);
            }
            false => raised.await,
        }
    }

    /// Something may have been missed in any room: heal them all, and look who is there.
    pub(super) fn suspect_everything(&self) {
        self.store_clock.forget();
        self.suspicion.raise();
    }
}

#[cfg(test)]
mod tests {
    use rookery_protocol::{RoomId, ServerId};
    use rookery_store::{Bus, Store, Supervisor};

    use super::*;
    use crate::{hub::Parts, identity::Identity, settings::Settings};

    async fn hub() -> (Arc<Hub>, Bus) {
        let (server_id, settings) = (ServerId::new("n_1").unwrap(), Settings::default());
        let store = Store::connect(settings.store_settings(server_id.clone()));
        let (store, bus) = store.await.unwrap();
        let hub = Hub::new(Parts {
            server_id,
            store,
            identity: Arc::new(Identity::new(&settings)),
            settings: Arc::new(settings),
            metrics: Arc::default(),
            readiness: Arc::default(),
            supervisor: Supervisor::default(),
            background: tokio::runtime::Handle::current(),
        });
        (Arc::new(hub), bus)
    }

    /// Waits until so many passes were made.
    async fn passes(hub: &Hub, many: u64) {
        let passing = async {
            while hub.metrics.passes.get() < many {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let patience = Duration::from_secs(20);
        tokio::time::timeout(patience, passing).await.unwrap();
    }

    #[tokio::test]
    async fn however_often_it_is_suspected_the_passes_are_few() {
        let (hub, bus) = hub().await;
        for number in 0..50 {
            drop(hub.room(&RoomId::new(format!("r-{number}")).unwrap()));
        }
        hub.start(bus);
        // Heard of one after the other, faster than this thread makes passes.
        for _ in 0..1000 {
            hub.store.reconnect_bus();
        }
        let heard = async {
            while hub.metrics.bus_reconnects.get() < 1000 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), heard)
            .await
            .unwrap();
        passes(&hub, 1).await;
        // The one under way when it was suspected last, and one more.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let made = hub.metrics.passes.get();
        assert!(made <= 20, "{made} passes for 1000 suspicions");

        hub.store.reconnect_bus();
        passes(&hub, made + 1).await;
    }
}
