//! What is to be started.

use std::{path::PathBuf, str::FromStr};

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
    pub(crate) store: Store,
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

/// Where messages are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Store {
    /// In the node, or nowhere in a peer.
    Embedded,
    /// In a redis-server of the fleet's own.
    Redis(Durability),
}

impl Store {
    /// One node needs nobody; several need what they share.
    pub(crate) fn for_nodes(nodes: usize) -> Self {
        match nodes {
            0 | 1 => Self::Embedded,
            _ => Self::Redis(Durability::None),
        }
    }
}

impl FromStr for Store {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "embedded" => Ok(Self::Embedded),
            "redis" => Ok(Self::Redis(Durability::None)),
            _ => Err(format!("{text:?} is not embedded or redis")),
        }
    }
}

/// What of a Redis is there again after `kill -9`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    None,
    /// An append-only file, synced every second.
    EverySecond,
    /// An append-only file, synced before each answer.
    Always,
}

impl FromStr for Durability {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "no" => Ok(Self::None),
            "everysec" => Ok(Self::EverySecond),
            "always" => Ok(Self::Always),
            _ => Err(format!("{text:?} is not no, everysec or always")),
        }
    }
}
