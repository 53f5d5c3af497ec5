//! What is to be started.

use std::path::PathBuf;

use clap::ValueEnum;

use super::Pinning;

/// The system whose nodes are built here; every other name is that of a peer.
pub(crate) const ROOKERY: &str = "rookery";

/// A fleet as asked for.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// `rookery`, or the folder of a peer in [`Self::peers`].
    pub(crate) system: String,
    pub(crate) nodes: usize,
    /// Threads of a node of Rookery that serve sockets.
    pub(crate) workers: usize,
    /// A redis-server of the fleet's own that stores the messages; else they are in the
    /// node, or nowhere in a peer.
    pub(crate) redis: Option<Durability>,
    /// The binary, where it is not beside our own.
    pub(crate) rookery: Option<PathBuf>,
    /// Where the peers are; [`super::peers_folder`] where nothing else is said.
    pub(crate) peers: PathBuf,
    /// What signs tokens; made up where it is not given.
    pub(crate) secret: Option<String>,
    /// Settings of Rookery beside those that fit a load test, such as `limits.catch_up` and `50`.
    pub(crate) settings: Vec<(String, String)>,
    pub(crate) pinning: Pinning,
}

/// What of a Redis is there again after `kill -9`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Durability {
    /// Nothing
    #[value(name = "no")]
    None,
    /// Nearly all: an append-only file, synced every second
    #[value(name = "everysec")]
    EverySecond,
    /// All: an append-only file, synced before each answer
    Always,
}
