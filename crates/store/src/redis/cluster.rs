//! Redis Clusters are for later: what a single server in cluster mode does is all that is served.

use super::{append_call::text, connection::Connection, grouping::Grouping};
use crate::StoreError;

/// Why a Redis Cluster is not served, for the check as well.
pub(super) const NOT_YET: &str = "it is a node of a Redis Cluster, which is not supported yet";

impl Connection {
    /// Sees that everything is on this server.
    ///
    /// # Errors
    ///
    /// [`StoreError::Broken`] where it is one of several.
    pub(super) async fn check_alone(&self) -> Result<(), StoreError> {
        if self.grouping() == Grouping::Together {
            return Ok(());
        }
        let info: String = self.command("CLUSTER", vec![text("INFO")]).await?;
        match ["cluster_slots_assigned:16384", "cluster_size:1"]
            .iter()
            .all(|fact| info.contains(fact))
        {
            true => Ok(()),
            false => Err(StoreError::Broken(NOT_YET.to_owned())),
        }
    }
}
