//! `[redis]`: the Redis that the nodes share.

use serde::Deserialize;

use super::{RedisUrl, kinds};

/// The Redis that the nodes share.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RedisSettings {
    /// Where it is: `redis://` or `rediss://`, with user and password where it wants them.
    #[serde(deserialize_with = "kinds::hidden")]
    pub url: Option<RedisUrl>,
    /// How many milliseconds an attempt to connect may take, with all that belongs to it.
    #[serde(deserialize_with = "kinds::whole")]
    pub connect_timeout_ms: u64,
    /// How many milliseconds a node that starts waits for it; 0 is as long as it takes.
    #[serde(deserialize_with = "kinds::whole")]
    pub wait_ms: u64,
    /// How many milliseconds an answer may take before it counts as lost.
    #[serde(deserialize_with = "kinds::whole")]
    pub command_timeout_ms: u64,
    /// After how many milliseconds without it this node takes no new clients. 0 is never.
    #[serde(deserialize_with = "kinds::whole")]
    pub away_ms: u64,
    /// The most bytes of messages that wait to be sent to it.
    #[serde(deserialize_with = "kinds::whole")]
    pub waiting_bytes: usize,
}

impl Default for RedisSettings {
    fn default() -> Self {
        Self {
            url: None,
            wait_ms: 0,
            connect_timeout_ms: 5_000,
            command_timeout_ms: 5_000,
            away_ms: 3_000,
            waiting_bytes: 32 * 1024 * 1024,
        }
    }
}
