//! Client sockets: taken over at the upgrade, each served by one small task.
//!
//! Nothing here knows what a room is; whole text messages go to `session`.

mod closing;
mod connection;
mod endings;
mod front;
mod handshake;
mod listener;
mod outbox;
mod pausing;
mod reading;
mod serve;
mod time_limits;
mod upgrade;
mod writing;

pub(crate) use connection::Connection;
pub(crate) use endings::{Endings, run as run_endings};
pub(crate) use front::in_front_of;
pub(crate) use handshake::admission;
pub(crate) use listener::listen;
pub(crate) use upgrade::upgrade_service;
