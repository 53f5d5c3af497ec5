//! The servers that are measured, where the generator starts them itself:
//! nodes of Rookery or a peer, and a Redis of their own.
//!
//! Whatever happens, they end with us: each is ended by its process group, on
//! every way out that a program can see. Nothing here speaks WebSocket.

mod child;
mod folder;
mod guard;
mod http;
mod peer;
mod pinning;
mod plan;
mod ports;
mod redis;
mod rookery;
mod servers;

pub(crate) use child::ChildProcess;
pub(crate) use folder::Folder;
pub(crate) use peer::{check_peer, peers_folder};
pub(crate) use pinning::{CoreSet, Pinning};
pub(crate) use plan::{Durability, Plan, ROOKERY};
pub(crate) use redis::{Redis, encode};
pub(crate) use servers::Fleet;
