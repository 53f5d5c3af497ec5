//! One node, as its threads share it: the chat, and what belongs to sockets and HTTP.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use rookery_chat::{Background, Chat, delivery::Inboxes, health::Readiness};
use rookery_protocol::ServerId;
use rookery_store::Store;

use crate::{
    descriptors::{Arriving, Descriptors},
    identity::Identity,
    metrics::Metrics,
    request::{Bodies, HttpConnections},
    settings::{Engine, Settings},
    wire,
};

/// An echo on the shared channel that is older says nothing of this moment.
const FRESH: Duration = Duration::from_secs(3);

/// One node.
pub(crate) struct Node {
    pub(crate) chat: Arc<Chat>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) identity: Arc<Identity>,
    pub(crate) metrics: Arc<Metrics>,
    /// Bodies of requests that are being read.
    pub(crate) bodies: Bodies,
    pub(crate) http_connections: HttpConnections,
    descriptors: Descriptors,
    /// Open client sockets, welcomed or not.
    connections: AtomicUsize,
}

/// What a node is made of.
pub(crate) struct Parts {
    pub(crate) server_id: ServerId,
    pub(crate) settings: Arc<Settings>,
    pub(crate) store: Store,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) readiness: Arc<Readiness>,
    pub(crate) background: Background,
}

impl Node {
    /// Puts the parts together; nothing runs before [`Chat::start`].
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts {
            server_id,
            settings,
            store,
            metrics,
            readiness,
            background,
        } = parts;
        let chat = Chat::new(rookery_chat::Parts {
            server_id,
            settings: settings.chat_settings(),
            store,
            metrics: Arc::clone(&metrics.chat),
            readiness,
            inboxes: Inboxes::new(settings.worker_count(), wire::all()),
            background,
        });
        Self {
            chat: Arc::new(chat),
            identity: Arc::new(Identity::new(&settings)),
            settings,
            metrics,
            bodies: Bodies::default(),
            http_connections: HttpConnections::default(),
            descriptors: Descriptors::of_process(),
            connections: AtomicUsize::new(0),
        }
    }

    /// How many client sockets are open, welcomed or not.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Whether no further upgraded socket fits.
    pub(crate) fn is_out_of_descriptors(&self) -> bool {
        self.connections() >= self.descriptors.for_upgraded
    }

    /// Counts in a socket that was accepted; `None` where no further one fits.
    pub(crate) fn arrive(&self) -> Option<Arriving> {
        let others = self.connections() + self.http_connections.count();
        self.descriptors.arrive(others)
    }

    /// Whether this node was without store or channel for so long that it takes
    /// no new clients.
    pub(crate) fn is_cut_off(&self) -> bool {
        self.cut_off_for().is_some()
    }

    /// The same, and for how long.
    pub(crate) fn cut_off_for(&self) -> Option<Duration> {
        let limit = Duration::from_millis(self.settings.redis.away_ms);
        let away = self.chat.health.readiness().away_for()?;
        // The embedded engine is of this process.
        let may_be = self.settings.store == Engine::Redis;
        (may_be && !limit.is_zero() && away >= limit).then_some(away)
    }

    /// For how long this node has had store and channel without a break: the
    /// answer to a node that has not.
    pub(crate) fn steady_for(&self) -> Duration {
        match self.chat.probe.silent_for() {
            silent if silent < FRESH => {
                let connected = self.chat.health.readiness().connected_for();
                connected.unwrap_or_default()
            }
            _ => Duration::ZERO,
        }
    }
}

/// A client's socket, welcomed or not: counted until this is dropped.
///
/// While a socket is served its task stands for this, which an idle connection
/// has no room for: it calls [`Self::begin`] first and [`Self::take_over`] in its `Drop`.
pub(crate) struct OpenSocket(Arc<Node>);

impl OpenSocket {
    /// Counts a socket in, for somebody who will [`Self::take_over`].
    pub(crate) fn begin(node: &Node) {
        node.connections.fetch_add(1, Ordering::Relaxed);
        node.metrics.connections.inc();
    }

    /// Takes over a socket that was counted in.
    pub(crate) fn take_over(node: &Arc<Node>) -> Self {
        Self(Arc::clone(node))
    }
}

impl Drop for OpenSocket {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
        self.0.metrics.connections.dec();
    }
}
