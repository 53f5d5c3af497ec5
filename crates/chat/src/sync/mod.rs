//! Keeping this node in step with the others and with the store: what comes on
//! the shared channel, and finding out what was missed there.

mod bus;
mod heads;
mod passes;
mod peers;
mod probe;
mod writing;

pub(crate) use bus::{Listener, run as listen};
pub(crate) use heads::run as compare_heads;
pub(crate) use passes::run as pass_over_rooms;
pub use peers::Peers;
pub use probe::Probe;
pub(crate) use probe::run as probe_channel;
