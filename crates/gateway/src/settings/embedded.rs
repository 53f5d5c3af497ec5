//! `[embedded]`: where the embedded engine keeps what it has.

use std::{path::PathBuf, time::Duration};

use rookery_store::{DataSettings, DataSync};
use serde::Deserialize;

use super::kinds;

/// Where the embedded engine keeps what it has.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EmbeddedSettings {
    /// The folder; empty for none, and memory alone.
    pub data: PathBuf,
    /// When something that happened is on the disk.
    #[serde(deserialize_with = "kinds::word")]
    pub sync: DataSync,
    /// After how many milliseconds without use a room of the folder leaves memory.
    #[serde(deserialize_with = "kinds::whole")]
    pub idle_ms: u64,
    /// From how many bytes of rooms on that were read of the folder those that are not in use
    /// leave memory at once.
    #[serde(deserialize_with = "kinds::whole")]
    pub loaded_bytes: usize,
    /// The most bytes that wait to be written to the folder.
    #[serde(deserialize_with = "kinds::whole")]
    pub waiting_bytes: usize,
    /// For how many milliseconds the disk may take nothing before sends are refused.
    #[serde(deserialize_with = "kinds::whole")]
    pub write_timeout_ms: u64,
    /// The most memory for what was read of the folder or is being written there, in bytes.
    #[serde(deserialize_with = "kinds::whole")]
    pub cache_bytes: usize,
}

impl Default for EmbeddedSettings {
    fn default() -> Self {
        let DataSettings {
            folder,
            sync,
            idle,
            loaded_bytes,
            waiting_bytes,
            write_timeout,
            cache_bytes,
            forgetful: _,
        } = DataSettings::new("");
        Self {
            data: folder,
            sync,
            idle_ms: milliseconds(idle),
            write_timeout_ms: milliseconds(write_timeout),
            loaded_bytes,
            waiting_bytes,
            cache_bytes,
        }
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl EmbeddedSettings {
    /// The folder as the store wants it, if one is named.
    pub(crate) fn data_settings(&self) -> Option<DataSettings> {
        let is_named = !self.data.as_os_str().is_empty();
        is_named.then(|| DataSettings {
            sync: self.sync,
            idle: Duration::from_millis(self.idle_ms),
            loaded_bytes: self.loaded_bytes,
            waiting_bytes: self.waiting_bytes,
            write_timeout: Duration::from_millis(self.write_timeout_ms),
            cache_bytes: self.cache_bytes,
            ..DataSettings::new(&self.data)
        })
    }
}
