//! Claiming names, making claims good and giving them up.

use rookery_protocol::UserId;

use super::{
    Skeleton,
    document::{DocumentKey, Next},
    name_claim::{Claimable, NameRecord, NameState},
    record::Record,
};
use crate::{Store, StoreError};

/// A claim that was made; nobody else makes the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ClaimWord(u64);

impl Store {
    /// Claims a name for a user.
    ///
    /// # Errors
    ///
    /// [`StoreError::NameTaken`] where it is somebody else's, or was until lately.
    pub(super) async fn claim_name(
        &self,
        name: &Skeleton,
        user: &UserId,
    ) -> Result<ClaimWord, StoreError> {
        let key = DocumentKey::Name(name.clone());
        let word: u64 = rand::random();
        let mut dismissed = None;
        // Once for who has it; once more where that came to nothing.
        for _ in 0..2 {
            let kept_ms = millis(self.account_times().name_kept);
            let claiming = self.change_document(&key, |held: Option<NameRecord>, now| {
                let claimable = NameRecord::claimable(held.as_ref(), user, kept_ms, now);
                let is_free = match claimable {
                    Claimable::Free => true,
                    Claimable::Taken => return Err(StoreError::NameTaken),
                    // It was looked at before, and is what it was.
                    Claimable::TakenBy(_) => held == dismissed,
                };
                Ok(match (is_free, held) {
                    (false, held) => Next::Keep(held),
                    (true, _) => {
                        let state = NameState::Claimed { at: now, word };
                        let user = user.clone();
                        Next::Put(NameRecord { user, state }, None)
                    }
                })
            });
            let Some(in_the_way) = claiming.await? else {
                return Ok(ClaimWord(word));
            };
            self.look_into(&key, name, &in_the_way).await?;
            dismissed = Some(in_the_way);
        }
        Err(StoreError::NameTaken)
    }

    /// Holds what is said of a name against the account that it is said to be of.
    ///
    /// # Errors
    ///
    /// [`StoreError::NameTaken`] where that has it, or had it until now.
    async fn look_into(
        &self,
        key: &DocumentKey,
        name: &Skeleton,
        record: &NameRecord,
    ) -> Result<(), StoreError> {
        let account = DocumentKey::Account(record.user.clone());
        let (held, _): (Option<Record>, u64) = self.read_document(&account).await?;
        if held.is_some_and(|held| held.is_called(name)) {
            return Err(StoreError::NameTaken);
        }
        if record.state != NameState::Held {
            return Ok(());
        }
        // Whoever had it was ended before they could say that they gave it up.
        let freeing = self.change_document(key, |held: Option<NameRecord>, now| {
            Ok(match held.as_ref() == Some(record) {
                true => {
                    let state = NameState::Freed { at: now };
                    let user = record.user.clone();
                    Next::Put(NameRecord { user, state }, ())
                }
                false => Next::Keep(()),
            })
        });
        freeing.await?;
        Err(StoreError::NameTaken)
    }

    /// The account has the name. False where somebody else took it meanwhile.
    pub(super) async fn settle_name(
        &self,
        name: &Skeleton,
        user: &UserId,
        word: ClaimWord,
    ) -> Result<bool, StoreError> {
        let key = DocumentKey::Name(name.clone());
        self.change_document(&key, |held: Option<NameRecord>, _| {
            let ours = held.filter(|held| held.user == *user);
            Ok(match ours.map(|held| held.state) {
                Some(NameState::Claimed { word: other, .. }) if other == word.0 => {
                    Next::Put(NameRecord::held(user), true)
                }
                Some(NameState::Held) => Next::Keep(true),
                _ => Next::Keep(false),
            })
        })
        .await
    }

    /// Nothing came of a claim.
    pub(super) async fn drop_claim(&self, name: &Skeleton, word: ClaimWord) {
        let key = DocumentKey::Name(name.clone());
        let dropping = self.change_document(&key, |held: Option<NameRecord>, _| {
            Ok(match held.map(|held| held.state) {
                Some(NameState::Claimed { word: other, .. }) if other == word.0 => Next::Remove(()),
                _ => Next::Keep(()),
            })
        });
        if let Err(error) = dropping.await {
            // It is looked into by the next who wants the name.
            tracing::debug!(%error, "the claim of a name stays for now");
        }
    }

    /// The user has the name no more; it is nobody's for a while.
    pub(super) async fn free_name(&self, name: &Skeleton, user: &UserId) -> Result<(), StoreError> {
        let key = DocumentKey::Name(name.clone());
        self.change_document(&key, |held: Option<NameRecord>, now| {
            Ok(match held {
                Some(held) if held.user == *user => {
                    let state = NameState::Freed { at: now };
                    let user = user.clone();
                    Next::Put(NameRecord { user, state }, ())
                }
                _ => Next::Keep(()),
            })
        })
        .await
    }

    /// Who has a name, or is about to.
    pub(super) async fn owner_of_name(
        &self,
        name: &Skeleton,
    ) -> Result<Option<UserId>, StoreError> {
        let key = DocumentKey::Name(name.clone());
        let (held, _): (Option<NameRecord>, u64) = self.read_document(&key).await?;
        let held = held.filter(|held| !matches!(held.state, NameState::Freed { .. }));
        Ok(held.map(|held| held.user))
    }
}

fn millis(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rookery_protocol::ServerId;

    use super::*;
    use crate::{AccountTimes, NewAccount, Settings};

    fn user(id: &str) -> UserId {
        UserId::new(id).unwrap()
    }

    async fn store() -> Store {
        let mut settings = Settings::embedded(ServerId::new("n").unwrap());
        settings.accounts = AccountTimes {
            name_kept: Duration::ZERO,
            ..AccountTimes::default()
        };
        Store::connect(settings).await.unwrap().0
    }

    async fn say(store: &Store, name: &Skeleton, id: &str, state: NameState) {
        let key = DocumentKey::Name(name.clone());
        let record = NameRecord {
            user: user(id),
            state,
        };
        let put = store.change_document(&key, |_: Option<NameRecord>, _| {
            Ok(Next::Put(record.clone(), ()))
        });
        put.await.unwrap();
    }

    async fn make(store: &Store, id: &str, name: &Skeleton) -> Result<(), StoreError> {
        let account = NewAccount {
            user: user(id),
            name: name.to_string(),
            skeleton: name.clone(),
            password: String::new(),
        };
        store.make_account(&account, None).await.map(|_| ())
    }

    #[tokio::test]
    async fn a_claim_that_came_to_nothing_is_in_nobodys_way() {
        let (store, name) = (store().await, Skeleton::new("anna"));
        let claimed = NameState::Claimed { at: 0, word: 7 };
        say(&store, &name, "u_1", claimed).await;
        make(&store, "u_2", &name).await.unwrap();
        // One that came to something is good, whoever was ended before they said so.
        say(&store, &name, "u_2", claimed).await;
        let taken = make(&store, "u_3", &name).await;
        assert!(matches!(taken, Err(StoreError::NameTaken)));
        let found = store.account_named(&name).await.unwrap();
        assert_eq!(found.unwrap().user, user("u_2"));
    }

    #[tokio::test]
    async fn a_name_that_its_account_has_no_more_is_given_up_for_it() {
        let (store, name) = (store().await, Skeleton::new("anna"));
        make(&store, "u_1", &Skeleton::new("ben")).await.unwrap();
        for owner in ["u_1", "u_9"] {
            say(&store, &name, owner, NameState::Held).await;
            assert_eq!(store.account_named(&name).await.unwrap(), None);
            let taken = store.claim_name(&name, &user("u_2")).await;
            assert!(matches!(taken, Err(StoreError::NameTaken)), "for a while");
            store.claim_name(&name, &user("u_2")).await.unwrap();
        }
    }

    #[tokio::test]
    async fn who_was_too_slow_to_make_a_claim_good_has_no_account() {
        let (store, name) = (store().await, Skeleton::new("anna"));
        let word = store.claim_name(&name, &user("u_1")).await.unwrap();
        say(&store, &name, "u_2", NameState::Held).await;
        let settled = store.settle_name(&name, &user("u_1"), word).await;
        assert!(!settled.unwrap());
        // What is somebody else's stays so.
        store.drop_claim(&name, word).await;
        store.free_name(&name, &user("u_1")).await.unwrap();
        let owner = store.owner_of_name(&name).await.unwrap();
        assert_eq!(owner, Some(user("u_2")));
    }
}
