//! The node of Rookery: sockets, sequencing, fan-out, identity and HTTP.
//!
//! The path of a message is a straight line through the modules: `socket`
//! reads a frame, `session` carries out the command, `node` hands it to the
//! store and takes what the store and the other nodes say, `room` brings it
//! into order, `worker` writes it to the sockets.

mod admin;
mod admission;
#[doc(hidden)]
pub mod bench;
pub mod cli;
mod cut_off;
mod descriptors;
mod drain;
mod entrance;
mod http;
pub mod identity;
mod listeners;
pub mod logging;
pub mod metrics;
mod native;
mod node;
mod request;
mod run;
pub mod settings;
mod signing;
mod start;
mod waiting_room;
mod wire;
mod worker;
