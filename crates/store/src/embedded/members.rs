//! What is asked of a user's rooms.

use rookery_protocol::{Role, RoomId, UserId, server_frame::RoomRow};

use super::{
    Embedded, Shared,
    disk::{BatchNumber, Glance},
    kept_people,
    people::People,
};
use crate::StoreError;

impl Embedded {
    pub(crate) async fn rooms_of(&self, user: &UserId) -> Result<Vec<RoomRow>, StoreError> {
        let (rows, batch) = self.rooms_of_now(user)?;
        self.kept(batch).await?;
        Ok(rows)
    }

    pub(super) fn rooms_of_now(
        &self,
        user: &UserId,
    ) -> Result<(Vec<RoomRow>, BatchNumber), StoreError> {
        let _step = self.shared.step();
        let (memberships, mut last) = self.shared.memberships.of(user)?;
        let mut rows = Vec::with_capacity(memberships.len());
        for (id, read) in memberships {
            let in_memory = self.shared.rooms.get(&id).map(|room| {
                last = last.max(room.batch());
                room.row(user, read)
            });
            if let Some(row) = in_memory {
                rows.extend(row);
            } else if let Some(glance) = self.shared.glance(&id)? {
                if let Some(role) = self.shared.role_in_kept(user, &glance)? {
                    rows.push(glance.row(id, role, read));
                }
            } else {
                last = last.max(self.shared.memberships.forget(user, &id)?);
            }
        }
        Ok((rows, last))
    }

    pub(crate) async fn remember_member(
        &self,
        user: &UserId,
        room: &RoomId,
        seq: u64,
    ) -> Result<(), StoreError> {
        let remembered = {
            let _step = self.shared.step();
            self.shared.trouble()?;
            let most = self.shared.user_limits.rooms;
            self.shared.memberships.remember(user, room, seq, most)?
        };
        match remembered {
            Some(batch) => self.kept(batch).await,
            None => Err(self.shared.too_many_rooms(user)),
        }
    }

    pub(crate) async fn forget_member(
        &self,
        user: &UserId,
        room: &RoomId,
    ) -> Result<(), StoreError> {
        let batch = {
            let _step = self.shared.step();
            self.shared.memberships.forget(user, room)?
        };
        self.kept(batch).await
    }
}

impl Shared {
    /// What a user is in a room that is not in memory.
    fn role_in_kept(&self, user: &UserId, glance: &Glance) -> Result<Option<Role>, StoreError> {
        let Some(disk) = &self.disk else {
            return Ok(None);
        };
        let number = glance.head.number;
        let member = disk.person(number, &kept_people::member_key(user))?;
        if let Some(role) = member.as_deref().and_then(kept_people::role_of) {
            return Ok(Some(role));
        }
        let past = disk.person(number, kept_people::PAST_KEY)?;
        let past = past.as_deref().map(kept_people::past_of);
        let by_list = People::is_member_by_list(glance.head.kind, past.unwrap_or_default());
        Ok(by_list.then_some(Role::Member))
    }

    pub(super) fn too_many_rooms(&self, user: &UserId) -> StoreError {
        StoreError::TooManyRooms {
            user: user.clone(),
            most: self.user_limits.rooms,
        }
    }
}
