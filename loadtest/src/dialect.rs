//! How a system is spoken to.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// The closed set of wires that the generator speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Dialect {
    /// `PROTOCOL.md`: authenticated, acknowledged, numbered.
    Rookery,
    /// JSON text frames on a bare WebSocket.
    Plain,
    /// Engine.IO 4 over WebSocket.
    Socketio,
}
