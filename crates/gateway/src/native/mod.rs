//! The native protocol on WebSockets: sockets taken over at the upgrade, each
//! served by one small task, and the commands that come in on them.
//!
//! Commands are taken in the order in which they come, and polled once before the
//! next is taken. What needs the store goes on in a task of its own; the connection
//! reads on meanwhile.

mod charge;
mod commands;
mod front;
mod handshake;
mod hello;
mod listener;
mod renew;
mod replies;
mod serve;
mod upgrade;

pub(crate) use front::in_front_of;
pub(crate) use listener::listen;
pub(crate) use upgrade::upgrade_service;
