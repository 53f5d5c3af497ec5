//! Keeping this node's lease: a loop that does nothing else, so that nothing
//! holds it up.

use std::{sync::Arc, time::Duration};

use rookery_store::{Lease, PresenceTimes, StoreError};

use super::Presence;

/// How soon a renewal is tried again that has failed.
const RETRY: Duration = Duration::from_millis(250);

/// Renews the lease for as long as the node lives, and gives it up at its end:
/// behind that it is never renewed.
pub(crate) async fn run(presence: Arc<Presence>) {
    let lease = presence.lease();
    let every = lease / PresenceTimes::RENEWALS;
    let mut first = true;
    loop {
        let keeping = async {
            let renewed = presence.renew_lease(&mut first).await;
            let wait = if renewed { every } else { every.min(RETRY) };
            presence.until_renewal_is_due(wait).await;
        };
        tokio::select! {
            () = keeping => {}
            () = presence.until_told() => break,
        }
    }
    if let Err(error) = presence.give_up_lease().await {
        tracing::warn!(%error, "this node's lease was not given up; it runs out by itself");
    }
    presence.ended();
    // A loop that ends would end the node, which is about to end in its own way.
    std::future::pending().await
}

impl Presence {
    fn lease(&self) -> Duration {
        Duration::from_millis(self.rooms.settings.presence.lease_ms)
    }

    async fn give_up_lease(&self) -> Result<(), StoreError> {
        self.rooms.store.give_up_lease().await
    }

    async fn renew_lease(&self, first: &mut bool) -> bool {
        match self.rooms.store.renew_lease().await {
            Ok(Lease::Kept) => true,
            Ok(Lease::Fresh) => {
                if !std::mem::take(first) {
                    tracing::warn!(
                        "the store has lost sight of this node, or something that it said; telling it again who is here"
                    );
                }
                self.tell_everybody_again();
                true
            }
            Err(error) => {
                tracing::debug!(%error, "the lease was not renewed");
                false
            }
        }
    }
}
