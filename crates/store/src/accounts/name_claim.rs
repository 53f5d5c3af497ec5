//! Whose a name is.
//!
//! An account and its name lie in two places, and somebody may be ended between the two
//! steps. So a name is first claimed, then the account made, then the claim is made good; and
//! what a claim says is held against the account before anybody is refused for good or let in.

use rookery_protocol::UserId;
use serde::{Deserialize, Serialize};

/// How long after a claim the account has to be there, in milliseconds: longer than any step
/// may take.
pub(super) const CLAIM_MS: u64 = 60_000;

/// The document of a name. Times are in milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct NameRecord {
    pub(super) user: UserId,
    pub(super) state: NameState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum NameState {
    /// Somebody is about to have it.
    Claimed { at: u64, word: u64 },
    /// Somebody has it.
    Held,
    /// Somebody had it, and it is nobody's for a while.
    Freed { at: u64 },
}

/// What may be done with a name by somebody who wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Claimable {
    /// It is to be had.
    Free,
    /// It is not.
    Taken,
    /// It is not, unless the account of that user is called otherwise.
    TakenBy(UserId),
}

impl NameRecord {
    pub(super) fn held(user: &UserId) -> Self {
        Self {
            user: user.clone(),
            state: NameState::Held,
        }
    }

    /// Whether a user may have the name at `now`; a name is free again `kept_ms` after it was
    /// given up, and to who gave it up at once.
    pub(super) fn claimable(
        record: Option<&Self>,
        user: &UserId,
        kept_ms: u64,
        now: u64,
    ) -> Claimable {
        let Some(Self { user: owner, state }) = record else {
            return Claimable::Free;
        };
        match *state {
            NameState::Freed { at } if owner == user || now >= at.saturating_add(kept_ms) => {
                Claimable::Free
            }
            NameState::Freed { .. } => Claimable::Taken,
            NameState::Claimed { at, .. } if now < at.saturating_add(CLAIM_MS) => Claimable::Taken,
            NameState::Held if owner == user => Claimable::Free,
            NameState::Claimed { .. } | NameState::Held => Claimable::TakenBy(owner.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MS: u64 = 24 * 3_600_000;

    fn user(id: &str) -> UserId {
        UserId::new(id).unwrap()
    }

    fn claimable(state: NameState, by: &str, now: u64) -> Claimable {
        let record = NameRecord {
            user: user("u_1"),
            state,
        };
        NameRecord::claimable(Some(&record), &user(by), 30 * DAY_MS, now)
    }

    #[test]
    fn a_name_is_free_again_thirty_days_after() {
        let freed = NameState::Freed { at: 1_000 };
        let last = 1_000 + 30 * DAY_MS;
        assert_eq!(claimable(freed, "u_2", last - 1), Claimable::Taken);
        assert_eq!(claimable(freed, "u_2", last), Claimable::Free);
        assert_eq!(claimable(freed, "u_1", 1_001), Claimable::Free);
    }

    #[test]
    fn a_claim_that_came_to_nothing_is_looked_into() {
        let claimed = NameState::Claimed { at: 1_000, word: 7 };
        for by in ["u_1", "u_2"] {
            assert_eq!(claimable(claimed, by, 1_500), Claimable::Taken);
        }
        let by_first = Claimable::TakenBy(user("u_1"));
        let late = 1_000 + CLAIM_MS;
        assert_eq!(claimable(claimed, "u_2", late), by_first);
        assert_eq!(claimable(NameState::Held, "u_2", 0), by_first);
        assert_eq!(claimable(NameState::Held, "u_1", 0), Claimable::Free);
    }
}
