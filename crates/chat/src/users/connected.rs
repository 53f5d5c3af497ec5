//! Which users are connected to this node, and where each of their sessions is.

use dashmap::{DashMap, Entry};
use rookery_protocol::UserId;

use crate::delivery::Endpoint;

/// The users of this node, and the sessions of each.
#[derive(Debug, Default)]
pub struct Connected {
    by_user: DashMap<UserId, Sessions>,
}

/// Nearly all have one.
#[derive(Debug)]
enum Sessions {
    One(Endpoint),
    #[allow(
        clippy::box_collection,
        reason = "a vector would make each of the others larger"
    )]
    Many(Box<Vec<Endpoint>>),
}

impl Sessions {
    fn all(&self) -> &[Endpoint] {
        match self {
            Self::One(at) => std::slice::from_ref(at),
            Self::Many(all) => all,
        }
    }

    fn push(&mut self, at: Endpoint) {
        match self {
            Self::One(first) => *self = Self::Many(Box::new(vec![*first, at])),
            Self::Many(all) => all.push(at),
        }
    }

    /// Takes one out; whether none is left.
    fn remove(&mut self, at: Endpoint) -> bool {
        match self {
            Self::One(only) => *only == at,
            Self::Many(all) => {
                all.retain(|other| *other != at);
                all.is_empty()
            }
        }
    }
}

impl Connected {
    /// Counts a session in; false where its user has `most` already (0 is no limit).
    /// Whoever was counted in has to [`Self::leave`], which a session does when it is dropped.
    pub(crate) fn enter(&self, user: &UserId, at: Endpoint, most: usize) -> bool {
        match self.by_user.entry(user.clone()) {
            Entry::Occupied(sessions) if most != 0 && sessions.get().all().len() >= most => false,
            Entry::Occupied(mut sessions) => {
                sessions.get_mut().push(at);
                true
            }
            Entry::Vacant(place) => {
                place.insert(Sessions::One(at));
                true
            }
        }
    }

    /// Counts a session out.
    pub(crate) fn leave(&self, user: &UserId, at: Endpoint) {
        if let Entry::Occupied(mut sessions) = self.by_user.entry(user.clone())
            && sessions.get_mut().remove(at)
        {
            sessions.remove();
        }
    }

    /// Where the sessions of a user are.
    pub fn of(&self, user: &UserId) -> Vec<Endpoint> {
        let sessions = self.by_user.get(user);
        sessions.map_or_else(Vec::new, |sessions| sessions.all().to_vec())
    }

    /// The sessions of users whose ids begin so.
    pub(crate) fn whose_ids_begin_with(&self, prefix: &str) -> Vec<(UserId, Endpoint)> {
        let mut found = Vec::new();
        for entry in &self.by_user {
            if entry.key().as_str().starts_with(prefix) {
                let sessions = entry.value().all().iter();
                found.extend(sessions.map(|at| (entry.key().clone(), *at)));
            }
        }
        found
    }

    /// How many sessions there are, and of how many users.
    pub fn counts(&self) -> (usize, usize) {
        let sessions = self
            .by_user
            .iter()
            .map(|entry| entry.value().all().len())
            .sum();
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
        assert_eq!(connected.of(&anna), [at(1), at(2)]);
        connected.leave(&anna, at(1));
        assert_eq!(connected.of(&anna), [at(2)]);
        connected.leave(&anna, at(2));
        connected.leave(&ben, at(3));
        assert_eq!(connected.counts(), (0, 0));
    }
}
