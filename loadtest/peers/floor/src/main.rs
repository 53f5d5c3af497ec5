//! The floor without batching: an epoll loop that writes every message to every member of its room,
//! with one `write` each, and does nothing else that it could leave out.
//!
//! It is no chat server: it believes its clients, reads JSON only where the load generator puts it,
//! and a client that sends it anything else is let go.

mod connection;
mod handshake;
mod server;
mod wire;

use anyhow::Context;

fn main() -> anyhow::Result<()> {
    rlimit::increase_nofile_limit(u64::MAX)?;
    let port = std::env::var("PORT").context("PORT is not set")?.parse()?;
    server::run(port)
}
