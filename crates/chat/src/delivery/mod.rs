//! The way from a room to the workers that have its members.
//!
//! Rooms put instructions into the inboxes of workers; whoever runs the workers
//! takes them out and writes. Nothing here waits for anybody.

mod inboxes;
mod instruction;
mod join_reply;
mod wire;

pub use inboxes::{Inboxes, OwnInbox, WorkerNumber};
pub use instruction::Instruction;
pub use join_reply::JoinReply;
pub use wire::{Push, Wire, WireNumber};

slotmap::new_key_type! {
    /// Names a connection among those of its worker; never names another one later.
    pub struct ConnectionKey;
}

/// Where a session is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endpoint {
    /// The worker that owns its connection.
    pub worker: WorkerNumber,
    /// Its connection there.
    pub connection: ConnectionKey,
    /// How it is told things.
    pub wire: WireNumber,
}
