//! What other threads, and the rooms, tell a worker to do.
//!
//! An inbox is emptied whole at every turn of its worker, which never waits
//! for a client; so it holds no more than what happens during one turn.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use bytes::Bytes;
use parking_lot::Mutex;
use rookery_protocol::RoomId;
use tokio::sync::Notify;

use super::ConnectionKey;
use crate::room::Answer;

/// One thing to do, in the order given.
#[derive(Debug)]
pub(crate) enum Instruction {
    /// Hand a finished frame to all members of a room.
    Deliver {
        room: RoomId,
        frame: Bytes,
        ephemeral: bool,
    },
    /// Write the answer, if there is to be one, and the events missed since to
    /// a connection, and make it a member.
    Attach {
        room: RoomId,
        connection: ConnectionKey,
        answer: Option<Answer>,
        missed: Bytes,
    },
    /// Make a connection no member any more.
    Detach {
        room: RoomId,
        connection: ConnectionKey,
    },
    /// Write frames to a connection that it asked for, behind whatever comes of
    /// the instructions before.
    Answer {
        connection: ConnectionKey,
        frames: Bytes,
    },
    /// Tell the members of a room that it goes on in another epoch, with this
    /// frame; those who would not follow are closed with "out of sync".
    Epoch { room: RoomId, frame: Bytes },
    /// Close all members of a room with "out of sync".
    OutOfSync { room: RoomId },
    /// Send everybody away, spread over this time.
    Drain { spread_ms: u64 },
    /// Send one in so many of those away who were not told to go yet, spread
    /// over this time.
    SendAway { one_in: u32, spread: Duration },
}

/// On cache lines of its own: giving to one worker does not slow the next one.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Inbox {
    instructions: Mutex<Vec<Instruction>>,
    wake: Notify,
}

/// The inboxes of all workers of the node.
#[derive(Debug)]
pub(crate) struct Workers {
    inboxes: Vec<Inbox>,
    taken: AtomicUsize,
}

impl Workers {
    pub(crate) fn new(count: usize) -> Self {
        let inboxes = (0..count.max(1)).map(|_| Inbox::default()).collect();
        Self {
            inboxes,
            taken: AtomicUsize::new(0),
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.inboxes.len()
    }

    /// The number of the next worker to start.
    pub(crate) fn take_number(&self) -> usize {
        self.taken.fetch_add(1, Ordering::Relaxed) % self.inboxes.len()
    }

    /// Puts an instruction into a worker's inbox. Never waits.
    pub(crate) fn give(&self, worker: usize, instruction: Instruction) {
        let inbox = &self.inboxes[worker];
        let mut instructions = inbox.instructions.lock();
        instructions.push(instruction);
        // Whoever finds the inbox empty wakes its worker, once for all that follows.
        let first = instructions.len() == 1;
        drop(instructions);
        if first {
            inbox.wake.notify_one();
        }
    }

    /// Gives every worker an instruction.
    pub(crate) fn give_all(&self, instruction: impl Fn() -> Instruction) {
        for worker in 0..self.inboxes.len() {
            self.give(worker, instruction());
        }
    }

    /// Wakes a worker's flusher.
    pub(super) fn wake(&self, worker: usize) {
        self.inboxes[worker].wake.notify_one();
    }

    /// Waits until there is something to do for a worker.
    pub(super) async fn work(&self, worker: usize) {
        self.inboxes[worker].wake.notified().await;
    }

    /// Takes everything out of a worker's inbox, leaving `empty` in its place.
    pub(crate) fn take_all(&self, worker: usize, empty: &mut Vec<Instruction>) {
        std::mem::swap(&mut *self.inboxes[worker].instructions.lock(), empty);
    }
}
