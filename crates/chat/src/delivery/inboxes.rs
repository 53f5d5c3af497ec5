//! The inboxes of the workers, and the wires that their connections are on.
//!
//! An inbox is emptied whole at every turn of its worker, which never waits
//! for a client; so it holds no more than what happens during one turn.

use std::{fmt, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::{Instruction, Wire, WireNumber};

/// Which of a node's workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkerNumber(pub u16);

/// On cache lines of its own: giving to one worker does not slow the next one.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Inbox {
    instructions: Mutex<Vec<Instruction>>,
    wake: Notify,
}

/// The inboxes of all workers of the node.
pub struct Inboxes {
    inboxes: Vec<Inbox>,
    wires: Vec<Box<dyn Wire>>,
    /// Whose inboxes nobody empties yet, or any more.
    unclaimed: Mutex<Vec<WorkerNumber>>,
}

/// The inbox of one worker, which alone empties it. Its number is free again
/// where this is dropped.
#[derive(Debug)]
pub struct OwnInbox {
    inboxes: Arc<Inboxes>,
    number: WorkerNumber,
}

impl Inboxes {
    /// Inboxes for so many workers, at least one, whose connections are on these wires.
    pub fn new(workers: usize, wires: Vec<Box<dyn Wire>>) -> Self {
        let workers = u16::try_from(workers).unwrap_or(u16::MAX).max(1);
        Self {
            inboxes: (0..workers).map(|_| Inbox::default()).collect(),
            wires,
            unclaimed: Mutex::new((0..workers).rev().map(WorkerNumber).collect()),
        }
    }

    /// An inbox for a worker that starts; `None` where each has one.
    pub fn claim(self: &Arc<Self>) -> Option<OwnInbox> {
        let number = self.unclaimed.lock().pop()?;
        let inboxes = Arc::clone(self);
        Some(OwnInbox { inboxes, number })
    }

    /// All wires, each with its number.
    pub(crate) fn wires(&self) -> impl Iterator<Item = (WireNumber, &dyn Wire)> {
        let wires = self.wires.iter().map(Box::as_ref);
        (0..).map(WireNumber).zip(wires)
    }

    /// The wire with this number.
    pub(crate) fn wire(&self, number: WireNumber) -> &dyn Wire {
        self.wires[usize::from(number.0)].as_ref()
    }

    /// Puts an instruction into a worker's inbox. Never waits.
    pub fn give(&self, worker: WorkerNumber, instruction: Instruction) {
        let inbox = self.inbox(worker);
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
    pub fn give_all(&self, instruction: impl Fn() -> Instruction) {
        for worker in 0..self.inboxes.len() as u16 {
            self.give(WorkerNumber(worker), instruction());
        }
    }

    /// Numbers come from [`Self::claim`] alone.
    fn inbox(&self, worker: WorkerNumber) -> &Inbox {
        &self.inboxes[usize::from(worker.0)]
    }
}

impl OwnInbox {
    /// The number of its worker.
    pub fn number(&self) -> WorkerNumber {
        self.number
    }

    /// Puts in an instruction of the worker's own, behind those of the rooms.
    pub fn give(&self, instruction: Instruction) {
        self.inboxes.give(self.number, instruction);
    }

    /// Wakes the worker, which has something of its own to do.
    pub fn wake(&self) {
        self.inboxes.inbox(self.number).wake.notify_one();
    }

    /// Waits until there is something to do.
    pub async fn work(&self) {
        self.inboxes.inbox(self.number).wake.notified().await;
    }

    /// Takes everything out, leaving `empty` in its place.
    pub fn take_all(&self, empty: &mut Vec<Instruction>) {
        std::mem::swap(
            &mut *self.inboxes.inbox(self.number).instructions.lock(),
            empty,
        );
    }
}

impl Drop for OwnInbox {
    fn drop(&mut self) {
        self.inboxes.unclaimed.lock().push(self.number);
    }
}

impl fmt::Debug for Inboxes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.inboxes).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_belongs_to_one_worker_at_a_time() {
        let inboxes = Arc::new(Inboxes::new(2, Vec::new()));
        let first = inboxes.claim().unwrap();
        let second = inboxes.claim().unwrap();
        assert_ne!(first.number(), second.number());
        assert!(inboxes.claim().is_none());
        let number = first.number();
        drop(first);
        assert_eq!(inboxes.claim().unwrap().number(), number);
    }
}
