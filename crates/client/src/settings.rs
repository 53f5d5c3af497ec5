//! What a client can be told. Every limit and wait of this crate has its name here.

use std::time::Duration;

/// Settings of a [`Client`](crate::Client).
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// WebSocket addresses (`ws://host:port/ws`), tried in turn. One is enough
    /// where a load balancer stands in front of the nodes.
    pub targets: Vec<String>,
    /// The JWT of the first connection; see [`Client::set_token`](crate::Client::set_token).
    pub token: String,
    /// A word about the program, for the node's log.
    pub name: String,
    /// How long reaching a node may take, up to its `welcome`.
    pub connect_timeout: Duration,
    /// A node that leaves a command without an answer for this long is left for another.
    pub answer_timeout: Duration,
    /// How long a call such as [`Client::send`](crate::Client::send) may take,
    /// lost connections and repetitions included.
    pub request_timeout: Duration,
    /// How many events wait for a slow consumer before the socket is no longer read.
    pub event_buffer: usize,
    /// How many commands may be on their way without an answer.
    pub in_flight: usize,
    /// How many commands may wait in all; further calls wait before they are taken.
    pub pending: usize,
    /// The longest wait of the first repetition where no node said how long; it
    /// doubles with each failure.
    pub backoff_base: Duration,
    /// The longest wait of any repetition.
    pub backoff_cap: Duration,
    /// A connection that lived for this long was a success: the backoff begins anew.
    pub stable_after: Duration,
    /// How long to wait for [`Client::set_token`](crate::Client::set_token)
    /// after the node said that the token ran out, before trying the old one.
    pub token_wait: Duration,
}

impl ClientSettings {
    /// Settings with the defaults of the protocol.
    pub fn new<T: Into<String>>(
        targets: impl IntoIterator<Item = T>,
        token: impl Into<String>,
    ) -> Self {
        Self {
            targets: targets.into_iter().map(Into::into).collect(),
            token: token.into(),
            name: concat!("rookery-client/", env!("CARGO_PKG_VERSION")).to_owned(),
            connect_timeout: Duration::from_secs(10),
            answer_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            event_buffer: 1024,
            in_flight: 32,
            pending: 1024,
            backoff_base: Duration::from_millis(500),
            backoff_cap: Duration::from_secs(5),
            stable_after: Duration::from_secs(5),
            token_wait: Duration::from_secs(10),
        }
    }
}
