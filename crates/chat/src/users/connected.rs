//! Which users are connected to this node, and where each of their sessions is.

use dashmap::{DashMap, Entry};
use rookery_protocol::UserId;
use smallvec::SmallVec;

use crate::delivery::Endpoint;

/// The users of this node, and the sessions of each.
#[derive(Debug, Default)]
pub struct Connected {
    by_user: DashMap<UserId, SmallVec<[Endpoint; 1]>>,
}

impl Connected {
    /// Counts a session in; false where its user has `most` already (0 is no limit).
    /// Whoever was counted in has to [`Self::leave`], which a session does when it is dropped.
    pub(crate) fn enter(&self, user: &UserId, at: Endpoint, most: usize) -> bool {
        let mut sessions = self.by_user.entry(user.clone()).or_default();
        if most != 0 && sessions.len() >= most {
            return false;
        }
        sessions.push(at);
        true
    }

    /// Counts a session out.
    pub(crate) fn leave(&self, user: &UserId, at: Endpoint) {
        if let Entry::Occupied(mut sessions) = self.by_user.entry(user.clone()) {
            if let Some(place) = sessions.get().iter().position(|other| *other == at) {
                sessions.get_mut().swap_remove(place);
            }
            if sessions.get().is_empty() {
                sessions.remove();
            }
        }
    }

    /// Where the sessions of a user are.
    pub(crate) fn of(&self, user: &UserId) -> SmallVec<[Endpoint; 1]> {
        let sessions = self.by_user.get(user);
        sessions.map_or_else(SmallVec::new, |sessions| sessions.clone())
    }

    /// How many sessions there are, and of how many users.
    pub fn counts(&self) -> (usize, usize) {
        let sessions = self.by_user.iter().map(|entry| entry.value().len()).sum();
        (sessions, self.by_user.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::{ConnectionKey, WireNumber, WorkerNumber};

    fn at(worker: u16) -> Endpoint {
        Endpoint {
            worker: WorkerNumber(worker),
            connection: ConnectionKey::default(),
            wire: WireNumber(0),
        }
    }

    #[test]
    fn a_user_has_so_many_sessions_and_each_is_known_by_where_it_is() {
        let connected = Connected::default();
        let (anna, ben) = (UserId::new("anna").unwrap(), UserId::new("ben").unwrap());
        assert!(connected.enter(&anna, at(1), 2) && connected.enter(&anna, at(2), 2));
        assert!(!connected.enter(&anna, at(3), 2));
        assert!(connected.enter(&ben, at(3), 2));
        assert_eq!(connected.counts(), (3, 2));
        assert_eq!(connected.of(&anna).to_vec(), [at(1), at(2)]);
        connected.leave(&anna, at(1));
        assert_eq!(connected.of(&anna).to_vec(), [at(2)]);
        connected.leave(&anna, at(2));
        connected.leave(&ben, at(3));
        assert_eq!(connected.counts(), (0, 0));
    }
}
