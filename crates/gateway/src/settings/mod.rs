//! What an operator can set: one struct per section, its defaults beside it.
//!
//! [`load()`] reads the layers (defaults, `rookery.toml`, environment, flags),
//! [`Settings::problems`] says in words what cannot work together. Nothing here
//! opens a socket, and no secret is ever printed from here.

mod address;
mod admin;
mod auth;
mod chat;
mod embedded;
mod http;
mod issuers;
mod jwks_url;
mod keys;
mod kinds;
mod layers;
mod limits;
mod load;
mod log;
mod log_level;
mod near_misses;
mod network;
mod origin;
mod presence;
mod redis;
mod rooms;
mod secret;
mod span;
mod store;
mod validate;

use std::net::SocketAddr;

use rookery_store::DataSettings;
use serde::Deserialize;

pub use admin::{AdminSettings, AllowedHost};
pub use auth::AuthSettings;
pub use embedded::EmbeddedSettings;
pub use http::HttpSettings;
pub use issuers::IssuerSettings;
pub(crate) use issuers::OUR_PREFIXES;
pub use jwks_url::JwksUrl;
pub use keys::known_keys;
pub use limits::LimitSettings;
pub use load::{Loaded, SettingsError, Sources, load};
pub use log::{LogFormat, LogSettings};
pub use network::Network;
pub(crate) use origin::split_authority;
pub use origin::{AllowedOrigin, Origin};
pub use presence::PresenceSettings;
pub use redis::RedisSettings;
pub use rooms::{Lifetimes, RoomSettings};
pub use secret::{RedisUrl, Secret};
pub use span::parse_span;
pub(crate) use validate::MAKE_SECRET;

pub use crate::signing::Algorithm;

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where clients connect.
    #[serde(deserialize_with = "address::listen")]
    pub listen: SocketAddr,
    /// How many threads serve sockets; 0 is one per core.
    #[serde(deserialize_with = "kinds::whole")]
    pub workers: usize,
    /// Where rooms and messages live.
    #[serde(deserialize_with = "kinds::word")]
    pub store: Engine,
    /// How often a silent connection is pinged; one silent for two of them is dropped.
    #[serde(deserialize_with = "kinds::whole")]
    pub heartbeat_ms: u64,
    /// Over how long the connections are sent away when the node stops.
    #[serde(deserialize_with = "kinds::whole")]
    pub drain_ms: u64,
    /// For how long a node that stops goes on listening at least.
    #[serde(deserialize_with = "kinds::whole")]
    pub drain_lead_ms: u64,
    /// The operators' listener.
    pub admin: AdminSettings,
    /// Where the embedded engine keeps what it has.
    pub embedded: EmbeddedSettings,
    /// Redis.
    pub redis: RedisSettings,
    /// Who may come in.
    pub auth: AuthSettings,
    /// Plain HTTP and browsers.
    pub http: HttpSettings,
    /// What one client may do.
    pub limits: LimitSettings,
    /// What a room keeps.
    pub rooms: RoomSettings,
    /// Who is seen online, and for how long.
    pub presence: PresenceSettings,
    /// What the node writes about itself.
    pub log: LogSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            workers: 0,
            store: Engine::Embedded,
            heartbeat_ms: 25_000,
            drain_ms: 10_000,
            drain_lead_ms: 3_000,
            admin: AdminSettings::default(),
            embedded: EmbeddedSettings::default(),
            redis: RedisSettings::default(),
            auth: AuthSettings::default(),
            http: HttpSettings::default(),
            limits: LimitSettings::default(),
            rooms: RoomSettings::default(),
            presence: PresenceSettings::default(),
            log: LogSettings::default(),
        }
    }
}

impl Settings {
    /// Whether `POST /api/v1/guest` gives tokens: as set, else only with the
    /// embedded engine.
    pub fn guests_allowed(&self) -> bool {
        self.auth.guests.unwrap_or(self.store == Engine::Embedded)
    }

    /// The folder in which everything is kept, if there is one.
    pub(crate) fn data_settings(&self) -> Option<DataSettings> {
        match self.store {
            Engine::Embedded => self.embedded.data_settings(),
            Engine::Redis => None,
        }
    }

    /// How many threads serve sockets, at least one.
    pub fn worker_count(&self) -> usize {
        match self.workers {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            workers => workers,
        }
    }
}

/// Where rooms and messages live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// In the memory of this process, and in a folder if one is named.
    Embedded,
    /// In Redis, shared by any number of nodes.
    Redis,
}

impl std::str::FromStr for Engine {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "embedded" => Ok(Self::Embedded),
            "redis" => Ok(Self::Redis),
            other => Err(format!("must be embedded or redis, not {other:?}")),
        }
    }
}
