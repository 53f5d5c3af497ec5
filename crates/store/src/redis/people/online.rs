//! Whether people are online anywhere.

use std::collections::HashMap;

use rookery_protocol::{RoomId, UserId};

use crate::{
    Partition, StoreError,
    redis::{
        Redis, append_call::text, failure, grouping::in_order, keys, read::number, script::Script,
    },
    seen_online::ROOMS_LOOKED_AT,
};

/// How many users, or rooms, are looked at in one call.
const PER_CALL: usize = 250;

impl Redis {
    /// See [`crate::Store::are_online`].
    pub(crate) async fn are_online(&self, users: &[UserId]) -> Result<Vec<bool>, StoreError> {
        let rooms = self.some_rooms_of(users).await?;
        let questions: Vec<(&UserId, RoomId)> = users
            .iter()
            .zip(rooms)
            .flat_map(|(user, rooms)| rooms.into_iter().map(move |room| (user, room)))
            .collect();
        let mut online: HashMap<&UserId, bool> = HashMap::new();
        for some in questions.chunks(PER_CALL) {
            for user in self.who_is_in(some).await? {
                online.insert(user, true);
            }
        }
        Ok(users.iter().map(|user| online.contains_key(user)).collect())
    }

    async fn some_rooms_of(&self, users: &[UserId]) -> Result<Vec<Vec<RoomId>>, StoreError> {
        const WHAT: &str = "the rooms of users";
        let mut found = Vec::with_capacity(users.len());
        let grouping = self.link.current()?.grouping();
        for group in grouping.split(users, |user| Partition::of_user(user)) {
            for some in group.chunks(PER_CALL) {
                let keys = some
                    .iter()
                    .map(|(_, user)| keys::rooms_of_user(user).into());
                let args = vec![number(ROOMS_LOOKED_AT as u64)];
                let asking = self.ask(WHAT, Script::RoomsOfUsers, keys.collect(), args);
                let mut answer = asking.await?;
                for (place, _) in some {
                    let mut rooms = Vec::new();
                    for _ in 0..answer.number()? {
                        rooms.extend(RoomId::new(answer.text()?).ok());
                    }
                    found.push((*place, rooms));
                }
            }
        }
        in_order(users.len(), found).ok_or_else(|| failure::nonsense(WHAT))
    }

    /// Those of the users who are in the room beside them.
    async fn who_is_in<'a>(
        &self,
        questions: &[(&'a UserId, RoomId)],
    ) -> Result<Vec<&'a UserId>, StoreError> {
        let mut found = Vec::new();
        let grouping = self.link.current()?.grouping();
        for group in grouping.split(questions, |(_, room)| Partition::of_room(room)) {
            let keys = group.iter().map(|(_, (_, room))| keys::online(room).into());
            let args = group.iter().map(|(_, (user, _))| text(user.as_str()));
            let asking = self.ask(
                "whether users are online",
                Script::AreOnline,
                keys.collect(),
                args.collect(),
            );
            let mut answer = asking.await?;
            for (_, (user, _)) in &group {
                if answer.flag()? {
                    found.push(*user);
                }
            }
        }
        Ok(found)
    }
}
