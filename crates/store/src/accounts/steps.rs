//! What can be done with accounts, each one step as others see it.

use rookery_protocol::{LoginId, User, UserId};

use super::{
    Account, Login, NewAccount, NewLogin, Profile, ProfileChange, Skeleton, Whose,
    document::{DocumentKey, Next},
    record::{Credentials, Record},
};
use crate::{Store, StoreError, find_people::DELETED};

/// A user who never registers: ids of accounts do not look so.
const NOBODY: &str = "nobody";

impl Store {
    /// Makes an account, and logs its user in, if that is wanted.
    ///
    /// # Errors
    ///
    /// [`StoreError::NameTaken`], and [`StoreError::AccountExists`] where the user has one or
    /// had one.
    pub async fn make_account(
        &self,
        account: &NewAccount,
        login: Option<NewLogin>,
    ) -> Result<Login, StoreError> {
        let NewAccount {
            user,
            name,
            skeleton,
            ..
        } = account;
        let word = self.claim_name(skeleton, user).await?;
        if let Err(error) = self.put_account(account, login.as_ref()).await {
            if matches!(error, StoreError::AccountExists(_)) {
                self.drop_claim(skeleton, word).await;
            }
            return Err(error);
        }
        if !self.settle_name(skeleton, user, word).await? {
            self.take_back_account(user).await?;
            return Err(StoreError::NameTaken);
        }
        self.call_account(user, name).await?;
        Ok(Login {
            name: name.clone(),
            ended: Vec::new(),
        })
    }

    async fn put_account(
        &self,
        account: &NewAccount,
        login: Option<&NewLogin>,
    ) -> Result<(), StoreError> {
        let NewAccount {
            user,
            name,
            skeleton,
            password,
        } = account;
        let times = self.account_times();
        self.change_document(&key(user), |held: Option<Record>, now| {
            let mut record = held.unwrap_or_default();
            if record.credentials.is_some() || record.deleted_at.is_some() {
                return Err(StoreError::AccountExists(user.clone()));
            }
            record.credentials = Some(Credentials {
                name: name.clone(),
                skeleton: skeleton.clone(),
                password: password.clone(),
                created_at: now,
            });
            if let Some(login) = login {
                record.log_in(login.clone(), times, now);
            }
            Ok(Next::Put(record, ()))
        })
        .await
    }

    /// As if it had never been there: nobody was told of it.
    async fn take_back_account(&self, user: &UserId) -> Result<(), StoreError> {
        self.change_document(&key(user), |held: Option<Record>, _| {
            let mut record = held.unwrap_or_default();
            record.credentials = None;
            record.logins.clear();
            Ok(match record == Record::default() {
                true => Next::Remove(()),
                false => Next::Put(record, ()),
            })
        })
        .await
    }

    /// The account of this name.
    ///
    /// # Errors
    ///
    /// Only where the store cannot be reached.
    pub async fn account_named(&self, name: &Skeleton) -> Result<Option<Account>, StoreError> {
        let owner = self.owner_of_name(name).await?;
        // A name that nobody has takes as long as one that somebody has.
        let user = owner.map_or_else(|| UserId::new(NOBODY), Ok);
        let user = user.map_err(|error| StoreError::Broken(error.to_string()))?;
        let account = self.account(&user).await?;
        Ok(account.filter(|account| account.skeleton == *name))
    }

    /// The account of a user.
    ///
    /// # Errors
    ///
    /// Only where the store cannot be reached.
    pub async fn account(&self, user: &UserId) -> Result<Option<Account>, StoreError> {
        let (held, _): (Option<Record>, u64) = self.read_document(&key(user)).await?;
        Ok(held.and_then(|record| record.account(user)))
    }

    /// What a user says of themselves.
    ///
    /// # Errors
    ///
    /// Only where the store cannot be reached.
    pub async fn profile(&self, user: &UserId) -> Result<Profile, StoreError> {
        let (held, _): (Option<Record>, u64) = self.read_document(&key(user)).await?;
        Ok(held.unwrap_or_default().profile)
    }

    /// Changes what a user says of themselves, who need not have an account.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoAccount`] where they had one that is gone.
    pub async fn change_profile(
        &self,
        user: &UserId,
        change: ProfileChange,
    ) -> Result<Profile, StoreError> {
        self.change_document(&key(user), |held: Option<Record>, _| {
            let mut record = held.unwrap_or_default();
            if record.deleted_at.is_some() {
                return Err(StoreError::NoAccount(user.clone()));
            }
            record.change_profile(change.clone());
            let profile = record.profile.clone();
            Ok(Next::Put(record, profile))
        })
        .await
    }

    /// Gives an account another name; the old one is free after a while.
    ///
    /// # Errors
    ///
    /// [`StoreError::NameTaken`], [`StoreError::NoAccount`].
    pub async fn rename_account(
        &self,
        user: &UserId,
        name: &str,
        skeleton: &Skeleton,
    ) -> Result<(), StoreError> {
        let present = self.account(user).await?;
        let present = present.ok_or_else(|| StoreError::NoAccount(user.clone()))?;
        if present.skeleton == *skeleton {
            self.put_name(user, name, skeleton).await?;
            return self.call_account(user, name).await;
        }
        let word = self.claim_name(skeleton, user).await?;
        let (old_name, old) = match self.put_name(user, name, skeleton).await {
            Ok(old) => old,
            Err(error) => {
                if matches!(error, StoreError::NoAccount(_)) {
                    self.drop_claim(skeleton, word).await;
                }
                return Err(error);
            }
        };
        if !self.settle_name(skeleton, user, word).await? {
            self.put_name(user, &old_name, &old).await?;
            return Err(StoreError::NameTaken);
        }
        if old != *skeleton {
            self.free_name(&old, user).await?;
        }
        self.call_account(user, name).await
    }

    /// Puts a name into the account, and gives the one that was there.
    async fn put_name(
        &self,
        user: &UserId,
        name: &str,
        skeleton: &Skeleton,
    ) -> Result<(String, Skeleton), StoreError> {
        self.change_account(user, |record| {
            // It was looked at just before.
            let old = record.credentials.as_mut().map(|credentials| {
                let old = std::mem::replace(&mut credentials.name, name.to_owned());
                let skeleton = std::mem::replace(&mut credentials.skeleton, skeleton.clone());
                (old, skeleton)
            });
            old.ok_or_else(|| StoreError::NoAccount(user.clone()))
        })
        .await
    }

    /// Carries out a step on an account that is there.
    pub(super) async fn change_account<A>(
        &self,
        user: &UserId,
        mut step: impl FnMut(&mut Record) -> Result<A, StoreError>,
    ) -> Result<A, StoreError> {
        self.change_document(&key(user), |held: Option<Record>, _| {
            let held = held.filter(|record| record.credentials.is_some());
            let mut record = held.ok_or_else(|| StoreError::NoAccount(user.clone()))?;
            let answer = step(&mut record)?;
            Ok(Next::Put(record, answer))
        })
        .await
    }

    async fn call_account(&self, user: &UserId, name: &str) -> Result<(), StoreError> {
        let user = User {
            id: user.clone(),
            name: name.into(),
        };
        self.call(&user).await
    }

    /// Whether a user has an account, or had one: that says what people call them.
    pub(crate) async fn has_account(&self, user: &UserId) -> Result<bool, StoreError> {
        let (held, _): (Option<Record>, u64) = self.read_document(&key(user)).await?;
        Ok(held.is_some_and(|held| held.credentials.is_some() || held.deleted_at.is_some()))
    }

    /// Lets nobody in with an account any more, and ends its log-ins; or lets them in again.
    /// Whether anything is otherwise than before.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoAccount`].
    pub async fn set_disabled(&self, user: &UserId, disabled: bool) -> Result<bool, StoreError> {
        self.change_account(user, |record| {
            let changed = record.disabled != disabled;
            record.disabled = disabled;
            if disabled {
                record.end_logins(Whose::All);
            }
            Ok(changed)
        })
        .await
    }

    /// Takes an account away, and gives the log-ins that end with it. Its name is free after a
    /// while; its user's id is never given again.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoAccount`].
    pub async fn delete_account(&self, user: &UserId) -> Result<Vec<LoginId>, StoreError> {
        let (skeleton, ended) = self
            .change_document(&key(user), |held: Option<Record>, now| {
                let none = || StoreError::NoAccount(user.clone());
                let mut record = held.ok_or_else(none)?;
                let ended = record.end_logins(Whose::All);
                let Credentials { skeleton, .. } = record.credentials.ok_or_else(none)?;
                Ok(Next::Put(Record::deleted(now), (skeleton, ended)))
            })
            .await?;
        self.free_name(&skeleton, user).await?;
        self.call_account(user, DELETED).await?;
        Ok(ended)
    }
}

/// Where the document of a user lies.
pub(super) fn key(user: &UserId) -> DocumentKey {
    DocumentKey::Account(user.clone())
}
