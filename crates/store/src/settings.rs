//! What a store is made from.

use std::{fmt, path::PathBuf, time::Duration};

use rookery_protocol::ServerId;
use serde::{Deserialize, Serialize};

use crate::{AccountTimes, Retention, Supervisor, UserLimits};

/// What a store is made from.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The node that uses the store; it stands in every envelope.
    pub server_id: ServerId,
    /// Where everything is kept.
    pub engine: EngineSettings,
    /// How much is kept, and for how long.
    pub retention: Retention,
    /// Whether the bus of the embedded engine carries this node's own appends
    /// too. Redis publishes them in any case, to this node as to the others.
    pub echo: bool,
    /// How much one user may have of what everybody shares.
    pub user_limits: UserLimits,
    /// How long what is over of accounts still matters.
    pub accounts: AccountTimes,
    /// How long presence outlives a node.
    pub presence: PresenceTimes,
    /// What starts the background work of the store.
    pub supervisor: Supervisor,
}

/// How long presence outlives a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PresenceTimes {
    /// For how long a node may give no sign of life.
    pub lease: Duration,
    /// How long the users of a node that is gone still count as there, from its
    /// last sign of life on.
    pub grace: Duration,
}

impl PresenceTimes {
    /// How often a node is to renew its lease in the time of one.
    pub const RENEWALS: u32 = 4;
    /// How often it is to look for nodes that are gone in the same time.
    pub const LOOKS: u32 = 6;
}

impl Default for PresenceTimes {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(6),
            grace: Duration::from_secs(5),
        }
    }
}

impl Settings {
    /// The embedded engine, in memory alone, with the defaults for everything else.
    pub fn embedded(server_id: ServerId) -> Self {
        Self::new(server_id, EngineSettings::Embedded(None))
    }

    /// The embedded engine in a folder, with the defaults for everything else.
    pub fn on_disk(server_id: ServerId, data: DataSettings) -> Self {
        Self::new(server_id, EngineSettings::Embedded(Some(data)))
    }

    /// Redis at `url` with the defaults for everything else.
    pub fn redis(server_id: ServerId, url: impl Into<String>) -> Self {
        Self::new(server_id, EngineSettings::Redis(RedisSettings::new(url)))
    }

    fn new(server_id: ServerId, engine: EngineSettings) -> Self {
        Self {
            server_id,
            engine,
            retention: Retention::default(),
            echo: true,
            user_limits: UserLimits::default(),
            accounts: AccountTimes::default(),
            presence: PresenceTimes::default(),
            supervisor: Supervisor::default(),
        }
    }
}

/// Where everything is kept.
#[derive(Debug, Clone)]
pub enum EngineSettings {
    /// In the memory of this process, for one node, and in a folder, if one is named.
    Embedded(Option<DataSettings>),
    /// In Redis, for any number of nodes.
    Redis(RedisSettings),
}

/// Where the embedded engine keeps what it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataSettings {
    /// The folder; it is made where there is none.
    pub folder: PathBuf,
    /// When something is on the disk.
    pub sync: DataSync,
    /// How long a room stays in memory after it was used last.
    pub idle: Duration,
    /// With more than so many bytes of rooms that were read in memory, those that are not in
    /// use go at once; 0 is no limit.
    pub loaded_bytes: usize,
    /// With more than so many bytes waiting to be written, what can be refused is; 0 is no
    /// limit.
    pub waiting_bytes: usize,
    /// How long the disk may take for what is written at once before it counts as hanging.
    pub write_timeout: Duration,
    /// The most memory for what was read of the folder or is being written there, in bytes.
    pub cache_bytes: usize,
    /// For tests: nothing stays in memory between two calls, and now and then the folder is
    /// closed and opened again. Whoever is online is.
    pub forgetful: bool,
}

/// When something that happened is on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DataSync {
    /// Within a second.
    #[serde(rename = "everysec")]
    EverySecond,
    /// Before it is answered.
    Always,
}

impl std::str::FromStr for DataSync {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "everysec" => Ok(Self::EverySecond),
            "always" => Ok(Self::Always),
            other => Err(format!("must be everysec or always, not {other:?}")),
        }
    }
}

impl DataSettings {
    /// A folder that is written every second.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            sync: DataSync::EverySecond,
            idle: Duration::from_secs(60),
            loaded_bytes: 256 * 1024 * 1024,
            waiting_bytes: 256 * 1024 * 1024,
            write_timeout: Duration::from_secs(10),
            cache_bytes: 32 * 1024 * 1024,
            forgetful: false,
        }
    }
}

/// How Redis is reached.
#[derive(Clone)]
pub struct RedisSettings {
    /// `redis://` or `rediss://`, with user and password where needed.
    pub url: String,
    /// How long a connection may take to be made, in milliseconds.
    pub connect_timeout_ms: u64,
    /// How long a command may take to be answered, in milliseconds.
    pub command_timeout_ms: u64,
    /// The most bytes of appends that wait to be sent; more are refused. 0 is no limit.
    pub waiting_bytes: usize,
}

impl RedisSettings {
    /// Redis at `url` with the default timeouts.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            connect_timeout_ms: 5_000,
            command_timeout_ms: 5_000,
            waiting_bytes: 32 * 1024 * 1024,
        }
    }

    /// The URL as it may be shown: without the user and the password.
    pub fn url_without_secrets(&self) -> String {
        let Some((scheme, rest)) = self.url.split_once("://") else {
            return "(a URL without ://)".to_owned();
        };
        let address = match rest.rsplit_once('@') {
            Some((_, address)) => address,
            None => rest,
        };
        // A password may also stand in the query.
        let address = address.split('?').next().unwrap_or_default();
        format!("{scheme}://{address}")
    }
}

impl fmt::Debug for RedisSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisSettings")
            .field("url", &self.url_without_secrets())
            .field("connect_timeout_ms", &self.connect_timeout_ms)
            .field("command_timeout_ms", &self.command_timeout_ms)
            .field("waiting_bytes", &self.waiting_bytes)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        for url in [
            "rediss://alex:se@cret@db.example:6380/2",
            "redis://:secret@db.example:6380/2",
            "redis://db.example:6380/2?password=secret",
            "secret",
        ] {
            let shown = format!("{:?}", RedisSettings::new(url));
            assert!(!shown.contains("cret"), "{shown}");
        }
        assert_eq!(
            RedisSettings::new("redis://u:p@db.example:6380/2").url_without_secrets(),
            "redis://db.example:6380/2"
        );
    }
}
