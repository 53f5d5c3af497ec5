//! The lives of this node, one after the other.
//!
//! Presence is entered in the name of a life. Where the store may have lost or
//! taken away something of it, that life is over: the next one begins, under
//! which everybody is entered again, and what is left of the old one is swept
//! as that of any node that is gone. So nobody is seen leaving meanwhile, and
//! calls of an old life that come late find it ended.

use parking_lot::Mutex;
use rookery_protocol::ServerId;

use crate::{Lease, Partition, StoreError};

/// Which life it is and what was heard of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Life {
    /// The server id and the number of the life.
    pub(super) name: String,
    /// The last renewal whose answer was heard; 0 is none.
    pub(super) beat: u64,
    /// The last change of presence whose answer was heard, in each partition; 0 is none.
    changes: [u64; Partition::COUNT as usize],
}

impl Life {
    /// The one in which a node begins.
    pub(super) fn first_of(server_id: &ServerId) -> Self {
        Self::of(server_id, 1)
    }

    fn of(server_id: &ServerId, number: u64) -> Self {
        Self {
            name: format!("{server_id}.{number}"),
            beat: 0,
            changes: [0; Partition::COUNT as usize],
        }
    }

    /// The last change that was heard of in a partition; 0 is none.
    pub(super) fn change_in(&self, partition: Partition) -> u64 {
        self.changes[usize::from(partition.number())]
    }

    /// The partitions in which a change was heard of, and its number.
    pub(super) fn changes(&self) -> impl Iterator<Item = (Partition, u64)> {
        let changes = Partition::all().map(|partition| (partition, self.change_in(partition)));
        changes.filter(|&(_, change)| change > 0)
    }
}

/// Whose life it is.
pub(super) fn node_of(life: &str) -> Option<ServerId> {
    let (node, _) = life.rsplit_once('.')?;
    ServerId::new(node).ok()
}

/// The present life of this node.
pub(super) struct Lives {
    server_id: ServerId,
    state: Mutex<LifeState>,
}

struct LifeState {
    number: u64,
    life: Life,
    /// The number of the last change that was sent, heard of or not, over all partitions.
    sent: u64,
    given_up: bool,
}

impl Lives {
    pub(super) fn new(server_id: ServerId) -> Self {
        let state = LifeState {
            number: 1,
            life: Life::first_of(&server_id),
            sent: 0,
            given_up: false,
        };
        Self {
            server_id,
            state: Mutex::new(state),
        }
    }

    /// The present life, of which the store may not know yet.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoLease`] where there is to be none any more.
    pub(super) fn present(&self) -> Result<Life, StoreError> {
        let state = self.state.lock();
        match state.given_up {
            true => Err(StoreError::NoLease),
            false => Ok(state.life.clone()),
        }
    }

    /// A renewal of this life was answered.
    pub(super) fn renewed(&self, asked: &Life, beat: u64) -> Lease {
        let mut state = self.state.lock();
        if state.life.name == asked.name {
            state.life.beat = state.life.beat.max(beat);
        }
        match asked.beat {
            0 => Lease::Fresh,
            _ => Lease::Kept,
        }
    }

    /// This life is over, by what the store says.
    pub(super) fn ended(&self, asked: &Life) {
        let mut state = self.state.lock();
        if state.life.name == asked.name {
            state.number += 1;
            state.life = Life::of(&self.server_id, state.number);
            state.sent = 0;
        }
    }

    /// The life in which presence is changed now, and the number of the change.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoLease`] where the store does not know of a life yet, or
    /// there is to be none any more.
    pub(super) fn next_change(&self) -> Result<(Life, u64), StoreError> {
        let mut state = self.state.lock();
        if state.given_up || state.life.beat == 0 {
            return Err(StoreError::NoLease);
        }
        state.sent += 1;
        Ok((state.life.clone(), state.sent))
    }

    /// A change was entered.
    pub(super) fn changed(&self, asked: &Life, partition: Partition, number: u64) {
        let mut state = self.state.lock();
        if state.life.name == asked.name {
            let change = &mut state.life.changes[usize::from(partition.number())];
            *change = number.max(*change);
        }
    }

    /// From now on there is no life any more; gives the last one.
    pub(super) fn give_up(&self) -> Life {
        let mut state = self.state.lock();
        state.given_up = true;
        state.life.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lives() -> Lives {
        Lives::new(ServerId::new("n_1").unwrap())
    }

    fn first() -> Partition {
        Partition::numbered(0).unwrap()
    }

    #[test]
    fn a_life_is_fresh_until_its_first_answer_was_heard() {
        let lives = lives();
        assert!(
            lives.next_change().is_err(),
            "the store does not know it yet"
        );
        let asked = lives.present().unwrap();
        // The answer to the first is lost.
        assert_eq!(lives.renewed(&asked, 2), Lease::Fresh);
        let asked = lives.present().unwrap();
        assert_eq!((asked.name.as_str(), asked.beat), ("n_1.1", 2));
        assert_eq!(lives.renewed(&asked, 3), Lease::Kept);
    }

    #[test]
    fn what_is_heard_of_an_old_life_does_not_touch_the_next() {
        let lives = lives();
        let old = lives.present().unwrap();
        lives.renewed(&old, 1);
        let (changing, number) = lives.next_change().unwrap();
        lives.ended(&old);
        lives.ended(&old);
        lives.changed(&changing, first(), number);
        lives.renewed(&old, 7);
        let present = lives.present().unwrap();
        assert_eq!((present.name.as_str(), present.beat), ("n_1.2", 0));
        assert_eq!(present.changes().count(), 0);
        assert_eq!(node_of(&present.name), Some(ServerId::new("n_1").unwrap()));
    }

    #[test]
    fn each_change_has_a_number_of_its_own() {
        let lives = lives();
        lives.renewed(&lives.present().unwrap(), 1);
        assert_eq!(lives.next_change().unwrap().1, 1);
        let (life, number) = lives.next_change().unwrap();
        assert_eq!((life.changes().count(), number), (0, 2));
        lives.changed(&life, first(), number);
        let changes = lives.next_change().unwrap().0;
        assert_eq!(changes.changes().collect::<Vec<_>>(), [(first(), 2)]);
        lives.give_up();
        assert!(lives.next_change().is_err() && lives.present().is_err());
    }
}
