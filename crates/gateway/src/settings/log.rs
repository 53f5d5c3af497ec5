//! `[log]`: what the node writes about itself.

use std::str::FromStr;

use serde::Deserialize;

use super::{kinds, log_level::LogLevel};

/// What the node writes about itself. Lines that cannot be written as fast as
/// they come are dropped in the end; clients never wait for them.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSettings {
    /// For people or for machines.
    #[serde(deserialize_with = "kinds::word")]
    pub format: LogFormat,
    /// How much: `error`, `warn`, `info`, `debug`, `trace`, or directives such
    /// as `info,rookery_gateway::node=debug`.
    #[serde(deserialize_with = "kinds::word")]
    pub level: String,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            format: LogFormat::Pretty,
            level: "info".to_owned(),
        }
    }
}

impl LogSettings {
    /// What is logged, as directives of a filter.
    ///
    /// # Errors
    ///
    /// In words where the level is none; loaded settings were checked for that.
    pub(crate) fn directives(&self) -> Result<String, String> {
        LogLevel::read(&self.level).map(|level| level.directives)
    }
}

/// For whom the log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One line of text per event.
    Pretty,
    /// One JSON object per event.
    Json,
}

impl FromStr for LogFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "pretty" => Ok(Self::Pretty),
            "json" => Ok(Self::Json),
            other => Err(format!("must be pretty or json, not {other:?}")),
        }
    }
}
