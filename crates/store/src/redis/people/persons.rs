//! What people call each other.

use fred::{interfaces::KeysInterface, types::Value};
use rookery_protocol::{User, UserId};

use crate::{
    Partition, StoreError,
    redis::{Redis, append_call::text, failure, grouping::in_order, keys},
};

/// How many users are asked for in one call.
const PER_CALL: usize = 500;

impl Redis {
    /// See [`crate::Store::note_person`].
    pub(crate) async fn note_person(&self, user: &User) -> Result<(), StoreError> {
        let connection = self.link.current()?;
        let args = vec![text(keys::person(&user.id)), text(&*user.name)];
        let _: Value = connection.command("SET", args).await?;
        Ok(())
    }

    /// See [`crate::Store::persons`].
    pub(crate) async fn persons(
        &self,
        users: &[UserId],
    ) -> Result<Vec<Option<String>>, StoreError> {
        let connection = self.link.current()?;
        let mut names = Vec::with_capacity(users.len());
        for group in connection
            .grouping()
            .split(users, |user| Partition::of_user(user))
        {
            for users in group.chunks(PER_CALL) {
                let keys: Vec<String> = users.iter().map(|(_, user)| keys::person(user)).collect();
                let found: Vec<Option<String>> =
                    connection.run(connection.client().mget(keys)).await?;
                names.extend(
                    found
                        .into_iter()
                        .zip(users)
                        .map(|(name, (at, _))| (*at, name)),
                );
            }
        }
        in_order(users.len(), names).ok_or_else(|| failure::nonsense("a list of names"))
    }
}
