//! The flags that every scenario has.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::{
    dialect::Dialect,
    engine::Target,
    fleet::{Durability, Pinning, Plan, peers_folder},
    measure::Watched,
};

/// Where messages live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Store {
    Embedded,
    Redis,
}

/// What is measured, how long, and where the result goes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Common {
    /// Measure what runs there already, such as ws://127.0.0.1:8080/ws, several with commas
    #[arg(long, value_name = "URL,…", value_delimiter = ',', value_parser = target)]
    pub(crate) targets: Vec<Target>,

    /// What is measured: rookery, or a peer of the folder loadtest/peers
    #[arg(long, default_value = "rookery")]
    pub(crate) system: String,

    /// How --targets are spoken to [default: rookery]
    #[arg(long, value_name = "NAME", requires = "targets")]
    pub(crate) dialect: Option<Dialect>,

    /// How many nodes to start
    #[arg(
        long,
        default_value_t = 1,
        value_name = "NUMBER",
        conflicts_with = "targets"
    )]
    pub(crate) nodes: usize,

    /// Threads of each node of Rookery that serve sockets
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    pub(crate) workers: usize,

    /// Where messages live [default: redis with several nodes, else embedded]
    #[arg(long, value_name = "STORE", conflicts_with = "targets")]
    pub(crate) store: Option<Store>,

    /// What of its own Redis is there again after a crash
    #[arg(
        long,
        default_value = "no",
        value_name = "HOW",
        conflicts_with = "targets"
    )]
    pub(crate) redis_appendonly: Durability,

    /// The binary of a node [default: rookery beside this program]
    #[arg(long, value_name = "PATH", conflicts_with = "targets")]
    pub(crate) rookery: Option<PathBuf>,

    /// The folder of the peers
    #[arg(long, value_name = "PATH")]
    pub(crate) peers: Option<PathBuf>,

    /// A setting of the nodes, such as limits.catch_up=50; repeatable
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = setting)]
    pub(crate) settings: Vec<(String, String)>,

    /// What tokens are signed with; also ROOKERY__AUTH__JWT_SECRET
    #[arg(long, value_name = "TEXT")]
    pub(crate) secret: Option<String>,

    /// A process that belongs to the targets, where it is not found by itself: node=PID or redis=PID; repeatable
    #[arg(long = "pid", value_name = "ROLE=PID")]
    pub(crate) pids: Vec<Watched>,

    /// Which cores: auto, off, or for example node=0/1,redis=0-1,generator=1
    #[arg(long, default_value = "auto", value_name = "CORES")]
    pub(crate) pin: Pinning,

    /// Bytes of each message's text
    #[arg(long, default_value_t = 200, value_name = "BYTES", value_parser = clap::value_parser!(u16).range(12..))]
    pub(crate) text_bytes: u16,

    /// How long to measure
    #[arg(long, value_name = "SECONDS", value_parser = positive)]
    pub(crate) seconds: Option<f64>,

    /// How long to run before that
    #[arg(long, value_name = "SECONDS", value_parser = not_negative)]
    pub(crate) warmup: Option<f64>,

    #[command(flatten)]
    pub(crate) output: Output,
}

/// Where the result goes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Output {
    /// Write the result for programs
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,

    /// Write the result as a page with plots
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,

    /// Show neither progress nor the table
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

impl Common {
    /// What is to be started.
    pub(crate) fn plan(&self) -> Plan {
        Plan {
            system: self.system.clone(),
            nodes: self.nodes,
            workers: self.workers,
            redis: match (self.store, self.nodes) {
                // One node needs nobody; several need what they share.
                (Some(Store::Embedded), _) | (None, ..=1) => None,
                (Some(Store::Redis) | None, _) => Some(self.redis_appendonly),
            },
            rookery: self.rookery.clone(),
            peers: self.peers.clone().unwrap_or_else(peers_folder),
            secret: self.secret(),
            settings: self.settings.clone(),
            pinning: self.pin.clone(),
        }
    }

    /// Sets what the nodes are told, where nothing else was asked for.
    pub(crate) fn set_by_default(&mut self, key: &str, value: impl ToString) {
        if self.settings.iter().all(|(given, _)| given != key) {
            self.settings.push((key.to_owned(), value.to_string()));
        }
    }

    /// The secret, as told here or by the environment.
    pub(crate) fn secret(&self) -> Option<String> {
        let of_environment = || std::env::var("ROOKERY__AUTH__JWT_SECRET").ok();
        self.secret.clone().or_else(of_environment)
    }
}

fn target(url: &str) -> Result<Target, String> {
    url.parse().map_err(|error| format!("{error:#}"))
}

fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("say KEY=VALUE, such as limits.catch_up=50".into()),
    }
}

/// A number above 0.
pub(crate) fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err("must be a number from 1 on".into()),
    }
}

/// Above 0, and short enough to be meant.
pub(crate) fn positive(text: &str) -> Result<f64, String> {
    match not_negative(text)? {
        value if value > 0.0 => Ok(value),
        _ => Err("must be above 0".into()),
    }
}

fn not_negative(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if (0.0..=1e9).contains(&value) => Ok(value),
        _ => Err("must be a number from 0 to 1,000,000,000".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_bounds() {
        assert_eq!(positive("2.5"), Ok(2.5));
        for wrong in ["0", "-1", "x", "NaN", "inf"] {
            assert!(positive(wrong).is_err(), "{wrong}");
        }
        assert_eq!(not_negative("0"), Ok(0.0));
    }

    #[test]
    fn a_setting_has_a_key() {
        assert_eq!(setting("a.b=c=d"), Ok(("a.b".into(), "c=d".into())));
        assert!(setting("a").is_err() && setting("=a").is_err());
    }
}
