//! Who is connected to this node.

use dashmap::{DashMap, Entry};
use rookery_protocol::UserId;

/// The users of this node, and how many sessions each has.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    by_user: DashMap<UserId, usize>,
}

impl Sessions {
    /// Counts a session in; false where its user has `most` already (0 is no limit).
    pub(crate) fn enter(&self, user: &UserId, most: usize) -> bool {
        let mut sessions = self.by_user.entry(user.clone()).or_insert(0);
        if most != 0 && *sessions >= most {
            return false;
        }
        *sessions += 1;
        true
    }

    /// How many sessions there are, and of how many users.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let sessions = self.by_user.iter().map(|entry| *entry.value()).sum();
        (sessions, self.by_user.len())
    }

    /// Counts a session out.
    pub(crate) fn leave(&self, user: &UserId) {
        if let Entry::Occupied(mut sessions) = self.by_user.entry(user.clone()) {
            *sessions.get_mut() -= 1;
            if *sessions.get() == 0 {
                sessions.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_no_more_sessions_than_allowed() {
        let (sessions, user) = (Sessions::default(), UserId::new("u").unwrap());
        assert!(sessions.enter(&user, 2) && sessions.enter(&user, 2));
        assert!(!sessions.enter(&user, 2));
        sessions.leave(&user);
        assert!(sessions.enter(&user, 2));
        assert!(sessions.enter(&user, 0), "0 is no limit");
        assert_eq!(sessions.counts(), (3, 1));
        for _ in 0..3 {
            sessions.leave(&user);
        }
        assert!(sessions.by_user.is_empty());
        sessions.leave(&user);
        assert!(sessions.by_user.is_empty(), "once more does no harm");
    }
}
