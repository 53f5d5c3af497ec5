//! What can be done with log-ins, each one step as others see it.

use rookery_protocol::{LoginId, UserId};

use super::{
    Login, LoginRow, NewLogin, NewPassword, PasswordChange, Rotated, Rotation, Standing, Whose,
    document::{Next, read_json},
    record::Record,
    steps::key,
};
use crate::{Store, StoreError};

impl Store {
    /// Gives an account another password, and ends log-ins with that.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoAccount`].
    pub async fn change_password(
        &self,
        user: &UserId,
        change: &PasswordChange,
    ) -> Result<NewPassword, StoreError> {
        self.change_account(user, |record| {
            if let Some(credentials) = &mut record.credentials {
                let was = change.was.as_ref();
                if was.is_some_and(|was| *was != credentials.password) {
                    return Ok(NewPassword::Changed);
                }
                credentials.password.clone_from(&change.password);
            }
            let ended = change.ends.map(|whose| record.end_logins(whose));
            Ok(NewPassword::Set(ended.unwrap_or_default()))
        })
        .await
    }

    /// Begins a log-in of an account. Where the password was changed since it was looked at
    /// there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoAccount`], also where the password is another one than `password`.
    pub async fn log_in(
        &self,
        user: &UserId,
        password: &str,
        login: NewLogin,
    ) -> Result<Login, StoreError> {
        let times = self.account_times();
        self.change_document(&key(user), |held: Option<Record>, now| {
            let none = || StoreError::NoAccount(user.clone());
            let mut record = held.ok_or_else(none)?;
            let credentials = record.credentials.as_ref();
            let credentials = credentials.filter(|it| it.password == password);
            let name = credentials.ok_or_else(none)?.name.clone();
            let ended = record.log_in(login.clone(), times, now);
            Ok(Next::Put(record, Login { name, ended }))
        })
        .await
    }

    /// The log-ins of a user, the latest used first.
    ///
    /// # Errors
    ///
    /// Only where the store cannot be reached.
    pub async fn logins(&self, user: &UserId) -> Result<Vec<LoginRow>, StoreError> {
        let (held, now): (Option<Record>, u64) = self.read_document(&key(user)).await?;
        let record = held.unwrap_or_default();
        Ok(record.login_rows(self.account_times(), now))
    }

    /// Replaces a refresh token by the next.
    ///
    /// # Errors
    ///
    /// Only where the store cannot be reached, or does not write.
    pub async fn rotate_refresh(&self, rotation: &Rotation) -> Result<Rotated, StoreError> {
        let times = self.account_times();
        self.change_document(&key(&rotation.user), |held: Option<Record>, now| {
            let Some(mut record) = held else {
                return Ok(Next::Keep(Rotated::Unknown));
            };
            Ok(match record.rotate(rotation, times, now) {
                (rotated, true) => Next::Put(record, rotated),
                (rotated, false) => Next::Keep(rotated),
            })
        })
        .await
    }

    /// Ends log-ins, and gives those that there were.
    ///
    /// # Errors
    ///
    /// Only where the store cannot be reached, or does not write.
    pub async fn end_logins(
        &self,
        user: &UserId,
        whose: Whose,
    ) -> Result<Vec<LoginId>, StoreError> {
        self.change_document(&key(user), |held: Option<Record>, _| {
            let Some(mut record) = held else {
                return Ok(Next::Keep(Vec::new()));
            };
            let ended = record.end_logins(whose);
            Ok(match ended.is_empty() {
                true => Next::Keep(ended),
                false => Next::Put(record, ended),
            })
        })
        .await
    }

    /// Whether each of these may come in: with a log-in, or with a token that has none.
    ///
    /// # Errors
    ///
    /// Only where the store cannot be reached.
    pub async fn standings(
        &self,
        asked: &[(UserId, Option<LoginId>)],
    ) -> Result<Vec<Standing>, StoreError> {
        let keys: Vec<_> = asked.iter().map(|(user, _)| key(user)).collect();
        let documents = self.documents(&keys).await?;
        let found = documents.found.into_iter().zip(asked);
        found
            .map(|(document, (_, login))| {
                let record = document.map(|document| read_json(&document)).transpose()?;
                Ok(Record::standing(record, *login))
            })
            .collect()
    }
}
