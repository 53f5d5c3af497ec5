//! The count of open client sockets.

use std::sync::{Arc, atomic::Ordering};

use super::Hub;

/// A client's socket, welcomed or not: counted until this is dropped.
///
/// While a socket is served its task stands for this, which an idle connection
/// has no room for: it calls [`Self::begin`] first and [`Self::take_over`] in its `Drop`.
pub(crate) struct OpenSocket(Arc<Hub>);

impl OpenSocket {
    /// Counts a socket in, for somebody who will [`Self::take_over`].
    pub(crate) fn begin(hub: &Hub) {
        hub.connections.fetch_add(1, Ordering::Relaxed);
        hub.metrics.connections.inc();
    }

    /// Takes over a socket that was counted in.
    pub(crate) fn take_over(hub: &Arc<Hub>) -> Self {
        Self(Arc::clone(hub))
    }
}

impl Drop for OpenSocket {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
        self.0.metrics.connections.dec();
    }
}
