//! What people call each other.

use fred::interfaces::KeysInterface;
use rookery_protocol::{User, UserId};

use crate::{
    Partition, StoreError,
    find_people::PersonPlace,
    redis::{Redis, append_call::text, failure, grouping::in_order, keys, script::Script},
};

/// How many users are asked for in one call.
const PER_CALL: usize = 500;

impl Redis {
    /// See [`crate::Store::note_person`].
    pub(crate) async fn note_person(&self, user: &User) -> Result<(), StoreError> {
        let keys = vec![
            keys::person(&user.id).into(),
            keys::people(Partition::of_user(&user.id)).into(),
        ];
        let place = PersonPlace::of(&user.name, &user.id).to_text();
        let args = vec![text(&*user.name), text(place)];
        let noting = self.ask("a name", Script::NotePerson, keys, args);
        noting.await.map(|_| ())
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
