//! `[http]`: plain HTTP and browsers.

use serde::Deserialize;

use super::AllowedOrigin;
use super::{Network, kinds};

/// Plain HTTP and browsers.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpSettings {
    /// Other origins whose pages may connect, beside the node's own page.
    #[serde(deserialize_with = "kinds::list")]
    pub allowed_origins: Vec<AllowedOrigin>,
    /// The proxies whose `X-Forwarded-For` is believed.
    #[serde(deserialize_with = "kinds::list")]
    pub trusted_proxies: Vec<Network>,
    /// The most bytes of a request's body; 0 is no limit.
    #[serde(deserialize_with = "kinds::whole")]
    pub body_bytes: usize,
    /// The most bytes of all bodies that are being read on this node; 0 is no limit.
    #[serde(deserialize_with = "kinds::whole")]
    pub all_bodies_bytes: usize,
    /// How long a body may take to arrive, in milliseconds; 0 is no limit.
    #[serde(deserialize_with = "kinds::whole")]
    pub body_ms: u64,
    /// The most connections that speak plain HTTP to this node; 0 is no limit.
    #[serde(deserialize_with = "kinds::whole")]
    pub connections: usize,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            allowed_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            body_bytes: 256 * 1024,
            all_bodies_bytes: 32 * 1024 * 1024,
            body_ms: 10_000,
            connections: 2_000,
        }
    }
}
