//! Flags that set what the settings file sets, for one run.

use std::path::PathBuf;

use clap::Args;

use crate::settings::{Loaded, SettingsError, Sources, load};

/// Flags of every command; they win over the environment and the file.
#[derive(Debug, Args)]
pub(super) struct Flags {
    /// Read this settings file instead of rookery.toml in the working folder.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where clients connect, such as 0.0.0.0:8080.
    #[arg(long, global = true, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Where operators find metrics and the live view, or off.
    #[arg(long, global = true, value_name = "ADDRESS")]
    admin_listen: Option<String>,
    /// Threads that serve sockets; 0 is one per core.
    #[arg(long, global = true, value_name = "NUMBER")]
    workers: Option<String>,
    /// Where messages live: embedded or redis.
    #[arg(long, global = true, value_name = "ENGINE")]
    store: Option<String>,
    /// Keep everything in this folder, where the store is the embedded one.
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<String>,
    /// Where Redis is. Others can see a command line: better give a password by REDIS_URL.
    #[arg(long, global = true, value_name = "URL")]
    redis_url: Option<String>,
    /// How much is logged: error, warn, info, debug, trace, or directives.
    #[arg(long, global = true, value_name = "LEVEL")]
    log_level: Option<String>,
    /// For whom the log is: pretty or json.
    #[arg(long, global = true, value_name = "FORMAT")]
    log_format: Option<String>,
}

impl Flags {
    /// The flags that were given, by the key that they set.
    pub(super) fn settings(&self) -> Vec<(&'static str, String)> {
        let all = [
            ("listen", &self.listen),
            ("admin.listen", &self.admin_listen),
            ("workers", &self.workers),
            ("store", &self.store),
            ("embedded.data", &self.data),
            ("redis.url", &self.redis_url),
            ("log.level", &self.log_level),
            ("log.format", &self.log_format),
        ];
        all.into_iter()
            .filter_map(|(key, value)| Some((key, value.clone()?)))
            .collect()
    }

    /// Reads the settings of this run.
    pub(super) fn load(&self) -> Result<Loaded, SettingsError> {
        load(&Sources::of_process(self.config.clone(), self.settings()))
    }
}
