//! The log-ins of a user, and the refresh tokens that go from one to the next.

use std::time::Duration;

use rookery_protocol::LoginId;
use serde::{Deserialize, Serialize};

use super::{
    AccountTimes, LoginRow, NewLogin, RefreshHash, Rotated, Rotation, Seal, Whose, record::Record,
};

/// A log-in as it is kept. Times are in milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptLogin {
    pub(super) id: LoginId,
    client: String,
    address: String,
    created_at: u64,
    used_at: u64,
    refresh: RefreshHash,
    /// What was in the place of that token before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before: Option<Before>,
}

/// A token that was replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Before {
    refresh: RefreshHash,
    replaced_at: u64,
    /// What took its place, for whoever has it.
    seal: Seal,
}

impl Record {
    /// Begins a log-in, and gives those that end for it.
    pub(super) fn log_in(
        &mut self,
        login: NewLogin,
        times: AccountTimes,
        now: u64,
    ) -> Vec<LoginId> {
        let most = login.most;
        let mut ended = self.forget_idle(times, now);
        self.logins.push(KeptLogin {
            id: login.id,
            client: login.client,
            address: login.address,
            created_at: now,
            used_at: now,
            refresh: login.refresh,
            before: None,
        });
        while most != 0 && self.logins.len() > most {
            let others = self.logins.iter().enumerate();
            let others = others.filter(|(_, other)| other.id != login.id);
            let Some((place, _)) = others.min_by_key(|(_, other)| other.used_at) else {
                break;
            };
            ended.push(self.logins.remove(place).id);
        }
        ended
    }

    /// Ends those that nobody used for too long.
    fn forget_idle(&mut self, times: AccountTimes, now: u64) -> Vec<LoginId> {
        let mut ended = Vec::new();
        self.logins.retain(|login| {
            let stays = within(login.used_at, times.idle_login, now);
            if !stays {
                ended.push(login.id);
            }
            stays
        });
        ended
    }

    /// Those that are not over, the latest used first.
    pub(super) fn login_rows(self, times: AccountTimes, now: u64) -> Vec<LoginRow> {
        let logins = self.logins.into_iter();
        let logins = logins.filter(|login| within(login.used_at, times.idle_login, now));
        let mut rows: Vec<_> = logins
            .map(|login| LoginRow {
                id: login.id,
                client: login.client,
                address: login.address,
                created_at: login.created_at,
                used_at: login.used_at,
            })
            .collect();
        rows.sort_by_key(|row| std::cmp::Reverse((row.used_at, row.id)));
        rows
    }

    /// Ends some of them, and gives which.
    pub(super) fn end_logins(&mut self, whose: Whose) -> Vec<LoginId> {
        let ends = |id: LoginId| match whose {
            Whose::One(one) => id == one,
            Whose::All => true,
            Whose::AllBut(one) => id != one,
        };
        let mut ended = Vec::new();
        self.logins.retain(|login| {
            if ends(login.id) {
                ended.push(login.id);
            }
            !ends(login.id)
        });
        ended
    }

    /// Replaces a refresh token; whether anything is otherwise now.
    pub(super) fn rotate(
        &mut self,
        rotation: &Rotation,
        times: AccountTimes,
        now: u64,
    ) -> (Rotated, bool) {
        let Some(name) = self.credentials.as_ref().map(|it| it.name.clone()) else {
            return (Rotated::Unknown, false);
        };
        if self.disabled {
            return (Rotated::Disabled, false);
        }
        let found = self.logins.iter_mut().find(|it| it.id == rotation.login);
        let Some(login) = found.filter(|it| within(it.used_at, times.idle_login, now)) else {
            return (Rotated::Unknown, false);
        };
        if login.refresh == rotation.old {
            login.before = Some(Before {
                refresh: rotation.old,
                replaced_at: now,
                seal: rotation.seal,
            });
            login.refresh = rotation.new;
            login.used_at = now;
            return (Rotated::New { name }, true);
        }
        let again = login.before.as_ref().filter(|before| {
            before.refresh == rotation.old && within(before.replaced_at, times.same_refresh, now)
        });
        if let Some(Before { seal, .. }) = again {
            return (Rotated::Again { seal: *seal, name }, false);
        }
        self.end_logins(Whose::One(rotation.login));
        (Rotated::Reused, true)
    }
}

/// Whether less than so much time has passed since. A clock that was set back counts as none.
fn within(since: u64, time: Duration, now: u64) -> bool {
    u128::from(now.saturating_sub(since)) < time.as_millis()
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use rookery_protocol::UserId;

    use super::*;
    use crate::accounts::{Skeleton, record::Credentials};

    const DAY_MS: u64 = 24 * 3_600_000;

    fn id(number: u64) -> LoginId {
        LoginId::numbered(NonZeroU64::new(number).unwrap())
    }

    fn hash(number: u8) -> RefreshHash {
        RefreshHash([number; 32])
    }

    fn new_login(number: u64) -> NewLogin {
        NewLogin {
            id: id(number),
            client: "test".to_owned(),
            address: "192.0.2.1".to_owned(),
            refresh: hash(1),
            most: 3,
        }
    }

    fn record() -> Record {
        Record {
            credentials: Some(Credentials {
                name: "Anna".to_owned(),
                skeleton: Skeleton::new("anna"),
                password: String::new(),
                created_at: 0,
            }),
            ..Record::default()
        }
    }

    fn rotate(record: &mut Record, old: u8, new: u8, now: u64) -> Rotated {
        let rotation = Rotation {
            user: UserId::new("u_1").unwrap(),
            login: id(1),
            old: hash(old),
            new: hash(new),
            seal: Seal([new; 32]),
        };
        record.rotate(&rotation, AccountTimes::default(), now).0
    }

    #[test]
    fn the_old_token_gives_the_same_new_one_for_fifteen_seconds_and_no_longer() {
        let mut record = record();
        record.log_in(new_login(1), AccountTimes::default(), 1_000);
        let name = || "Anna".to_owned();
        let new = Rotated::New { name: name() };
        assert_eq!(rotate(&mut record, 1, 2, 2_000), new);
        let again = Rotated::Again {
            seal: Seal([2; 32]),
            name: name(),
        };
        // Also where the clock was set back.
        for now in [2_000, 16_999, 1_500] {
            assert_eq!(rotate(&mut record, 1, 9, now), again, "{now}");
        }
        let mut late = record.clone();
        assert_eq!(rotate(&mut late, 1, 9, 17_000), Rotated::Reused);
        assert!(late.logins.is_empty(), "the family is revoked");
        assert_eq!(rotate(&mut late, 2, 3, 17_000), Rotated::Unknown);
        // Once the new one was used, the old one is somebody else's.
        assert_eq!(rotate(&mut record, 2, 3, 3_000), new);
        assert_eq!(rotate(&mut record, 1, 9, 3_000), Rotated::Reused);
    }

    #[test]
    fn nobody_comes_in_who_is_disabled_or_was_away_for_too_long() {
        let mut record = record();
        record.log_in(new_login(1), AccountTimes::default(), 0);
        let mut disabled = record.clone();
        disabled.disabled = true;
        assert_eq!(rotate(&mut disabled, 1, 2, 10), Rotated::Disabled);
        assert_eq!(rotate(&mut record, 1, 2, 90 * DAY_MS), Rotated::Unknown);
        let rows = record.login_rows(AccountTimes::default(), 90 * DAY_MS);
        assert_eq!(rows, []);
    }

    #[test]
    fn a_user_has_so_many_and_the_least_lately_used_goes() {
        let (mut record, times) = (record(), AccountTimes::default());
        for number in 1..=3 {
            assert_eq!(record.log_in(new_login(number), times, number), []);
        }
        rotate(&mut record, 1, 2, 50);
        assert_eq!(record.log_in(new_login(4), times, 60), [id(2)]);
        let rows = record.clone().login_rows(times, 60);
        let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
        assert_eq!(ids, [id(4), id(1), id(3)]);
        assert_eq!(record.end_logins(Whose::AllBut(id(1))).len(), 2);
        assert_eq!(record.end_logins(Whose::One(id(4))), []);
        assert_eq!(record.end_logins(Whose::All), [id(1)]);
    }
}
