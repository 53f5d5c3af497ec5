//! `[admin]`: the operators' listener.

use std::{net::SocketAddr, str::FromStr};

use serde::Deserialize;

use super::origin::split_authority;
use super::{address, kinds};

/// The operators' listener: metrics and the live view.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdminSettings {
    /// Where operators connect; keep it private. `None` (`off`): nowhere.
    #[serde(deserialize_with = "address::listen_or_off")]
    pub listen: Option<SocketAddr>,
    /// The names that it answers to, beside addresses and `localhost`.
    #[serde(deserialize_with = "kinds::list")]
    pub allowed_hosts: Vec<AllowedHost>,
}

impl Default for AdminSettings {
    fn default() -> Self {
        Self {
            listen: Some(SocketAddr::from(([127, 0, 0, 1], 9090))),
            allowed_hosts: Vec::new(),
        }
    }
}

/// A name, beside addresses and `localhost`, that the listener answers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllowedHost {
    /// `*`: any name.
    Any,
    /// This one, in lower case, with whatever port.
    Name(String),
}

impl FromStr for AllowedHost {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "*" {
            return Ok(Self::Any);
        }
        match split_authority(text) {
            Some((name, None)) => Ok(Self::Name(name)),
            _ => Err(format!(
                "must be a host name such as node-1.internal, without scheme and port, not {text:?}"
            )),
        }
    }
}
