//! `[auth]`: who may come in.

use serde::Deserialize;

use super::{IssuerSettings, Secret, issuers, kinds};

/// Who may come in.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthSettings {
    /// The HS256 key that all nodes and whoever mints tokens share.
    #[serde(deserialize_with = "kinds::hidden")]
    pub jwt_secret: Option<Secret>,
    /// Whether guests get tokens; see [`super::Settings::guests_allowed`].
    #[serde(deserialize_with = "kinds::maybe_yes_or_no")]
    pub guests: Option<bool>,
    /// Whether anybody may make an account.
    #[serde(deserialize_with = "kinds::yes_or_no")]
    pub registration: bool,
    /// How many seconds the access token of an account lives.
    #[serde(deserialize_with = "kinds::whole")]
    pub access_ttl_s: u64,
    /// How many seconds the clocks of token makers may be wrong.
    #[serde(deserialize_with = "kinds::whole")]
    pub leeway_s: u64,
    /// Others whose tokens are taken.
    #[serde(deserialize_with = "issuers::list")]
    pub issuers: Vec<IssuerSettings>,
    /// How long before its token ends a connection is told; 0 is never.
    #[serde(deserialize_with = "kinds::whole")]
    pub expiring_ms: u32,
    /// How many guests one address may make per minute; 0 is no limit.
    #[serde(deserialize_with = "kinds::whole")]
    pub guests_per_minute: u32,
    /// How many seconds a guest's token lives.
    #[serde(deserialize_with = "kinds::whole")]
    pub guest_ttl_s: u64,
}

impl Default for AuthSettings {
    fn default() -> Self {
        Self {
            jwt_secret: None,
            guests: None,
            registration: true,
            access_ttl_s: 900,
            issuers: Vec::new(),
            expiring_ms: 60_000,
            leeway_s: 5,
            guests_per_minute: 60,
            guest_ttl_s: 86_400,
        }
    }
}
