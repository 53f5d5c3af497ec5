//! `[admin]`: the operators' listener.

use std::net::SocketAddr;

use serde::Deserialize;

use super::address;

/// The operators' listener: metrics and the live view.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdminSettings {
    /// Where operators connect; keep it private. `None` (`off`): nowhere.
    #[serde(deserialize_with = "address::listen_or_off")]
    pub listen: Option<SocketAddr>,
}

impl Default for AdminSettings {
    fn default() -> Self {
        Self {
            listen: Some(SocketAddr::from(([127, 0, 0, 1], 9090))),
        }
    }
}
