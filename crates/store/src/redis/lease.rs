//! The lease by which a node says that it lives, and what becomes of the dead.

use std::time::Duration;

use fred::{
    interfaces::KeysInterface,
    types::{Expiration, SetOptions},
};
use rookery_protocol::ServerId;

use super::{Redis, append_call::text, keys, read::number, script::Script};
use crate::{Lease, StoreError};

/// How many dead nodes are taken away in one go.
const DEAD_AT_ONCE: u64 = 16;
/// After this another survivor takes over from one that died on it.
const CLAIM: Duration = Duration::from_secs(10);

impl Redis {
    /// See [`crate::Store::renew_lease`].
    pub(crate) async fn renew_lease(&self) -> Result<Lease, StoreError> {
        Ok(if self.set_lease(self.lease_ms).await? {
            Lease::Kept
        } else {
            Lease::Fresh
        })
    }

    /// Whether the lease was still running.
    async fn set_lease(&self, lease_ms: u64) -> Result<bool, StoreError> {
        let keys = vec![keys::NODES.into()];
        let args = vec![text(self.server_id.as_str()), number(lease_ms)];
        let connection = self.link.current()?;
        let kept = connection.call(Script::RenewLease, keys, args).await?;
        Ok(kept.as_u64() == Some(1))
    }

    /// See [`crate::Store::give_up_lease`].
    pub(crate) async fn give_up_lease(&self) -> Result<(), StoreError> {
        self.set_lease(0).await?;
        self.sweep(&self.server_id).await?;
        Ok(())
    }

    /// See [`crate::Store::sweep_dead_nodes`].
    pub(crate) async fn sweep_dead_nodes(&self) -> Result<Vec<ServerId>, StoreError> {
        let keys = vec![keys::NODES.into()];
        let mut answer = self
            .ask(
                "a list of nodes",
                Script::DeadNodes,
                keys,
                vec![number(DEAD_AT_ONCE)],
            )
            .await?;
        let mut swept = Vec::new();
        while !answer.is_empty() {
            let Ok(node) = ServerId::new(answer.text()?) else {
                continue;
            };
            if node != self.server_id && self.claim(&node).await? && self.sweep(&node).await? {
                swept.push(node);
            }
        }
        Ok(swept)
    }

    /// Whether it is this node that takes a dead one away.
    async fn claim(&self, dead: &ServerId) -> Result<bool, StoreError> {
        let connection = self.link.current()?;
        let claim_ms = i64::try_from(CLAIM.as_millis()).unwrap_or(i64::MAX);
        let set: Option<String> = connection
            .run(connection.client().set(
                keys::sweeper_of_node(dead),
                self.server_id.as_str(),
                Some(Expiration::PX(claim_ms)),
                Some(SetOptions::NX),
                false,
            ))
            .await?;
        Ok(set.is_some())
    }
}
