//! `[presence]`: who is seen online, and for how long.

use serde::Deserialize;

use super::kinds;

/// Who is seen online, and for how long.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PresenceSettings {
    /// For how many milliseconds a user whose last connection ended still counts as online.
    #[serde(deserialize_with = "kinds::whole")]
    pub grace_ms: u64,
    /// After how many milliseconds without a sign of life a node counts as dead, and
    /// its users as gone unless the grace time is longer.
    #[serde(deserialize_with = "kinds::whole")]
    pub lease_ms: u64,
}

impl Default for PresenceSettings {
    fn default() -> Self {
        Self {
            grace_ms: 5_000,
            lease_ms: 6_000,
        }
    }
}
