//! How many members of a room each worker has, on each wire.

use smallvec::SmallVec;

use crate::delivery::{Endpoint, WireNumber, WorkerNumber};

/// Members are counted, not named: a worker knows its own. Where they are few
/// this needs no memory of its own.
#[derive(Debug, Default)]
pub(super) struct Members(SmallVec<[Share; 2]>);

#[derive(Debug)]
struct Share {
    worker: WorkerNumber,
    wire: WireNumber,
    members: u32,
}

impl Members {
    /// Counts one in.
    pub(super) fn add(&mut self, at: Endpoint) {
        match self.position(at) {
            Some(place) => self.0[place].members += 1,
            None => self.0.push(Share {
                worker: at.worker,
                wire: at.wire,
                members: 1,
            }),
        }
    }

    /// Counts one out.
    pub(super) fn subtract(&mut self, at: Endpoint) {
        if let Some(place) = self.position(at) {
            self.0[place].members -= 1;
            if self.0[place].members == 0 {
                self.0.swap_remove(place);
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The workers that have members on this wire.
    pub(super) fn workers_on(&self, wire: WireNumber) -> impl Iterator<Item = WorkerNumber> {
        let shares = self.0.iter().filter(move |share| share.wire == wire);
        shares.map(|share| share.worker)
    }

    /// The workers that have members, perhaps more than once.
    pub(super) fn workers(&self) -> impl Iterator<Item = WorkerNumber> {
        self.0.iter().map(|share| share.worker)
    }

    fn position(&self, at: Endpoint) -> Option<usize> {
        let is_here = |share: &Share| share.worker == at.worker && share.wire == at.wire;
        self.0.iter().position(is_here)
    }
}
