//! The node of Rookery: sockets, sequencing, fan-out, identity and HTTP.
//!
//! The path of a message is a straight line through the modules: `socket`
//! reads a frame, `session` carries out the command, `hub` hands it to the
//! store and takes what the store and the other nodes say, `room` brings it
//! into order, `worker` writes it to the sockets.

mod admin;
mod allowances;
mod answers;
#[doc(hidden)]
pub mod bench;
pub mod cli;
mod clock;
mod drain;
pub mod http;
mod hub;
pub mod identity;
mod listeners;
pub mod logging;
pub mod metrics;
mod node;
mod room;
mod session;
pub mod settings;
mod socket;
mod start;
mod waiting_room;
mod worker;
