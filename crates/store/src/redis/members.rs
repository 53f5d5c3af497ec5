//! Which rooms a user is a member of, and up to where they have looked.
//!
//! Changes are told once for each client that comes, so many are served by one
//! call. They are carried out in the order in which they were made.

use std::time::Duration;

use rookery_protocol::{RoomId, UserId, server_frame::RoomRow};

use super::{
    Redis, append_call::text, grouped::Grouped, keys, link::Link, read::number, script::Script,
};
use crate::StoreError;

/// The rooms of somebody who never comes again are forgotten after this.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(90 * 24 * 3600);

/// Changes of memberships; whether each was carried out or the user is a member
/// of too many rooms.
pub(super) type MembershipChanges = Grouped<MembershipChange, bool>;

/// A user becomes or is no more a member of a room.
pub(super) struct MembershipChange {
    user: UserId,
    room: RoomId,
    /// Up to where they have looked; `None` where they are no member any more.
    read: Option<u64>,
}

impl Redis {
    /// See [`crate::Store::rooms_of`].
    pub(crate) async fn rooms_of(&self, user: &UserId) -> Result<Vec<RoomRow>, StoreError> {
        self.room_lists.ask(user).await
    }

    /// See [`crate::Store::remember_member`].
    pub(crate) async fn remember_member(
        &self,
        user: &UserId,
        room: &RoomId,
        seq: u64,
    ) -> Result<(), StoreError> {
        if self.change_membership(user, room, Some(seq)).await? {
            return Ok(());
        }
        Err(StoreError::TooManyRooms {
            user: user.clone(),
            most: self.user_limits.rooms,
        })
    }

    /// See [`crate::Store::forget_member`].
    pub(crate) async fn forget_member(
        &self,
        user: &UserId,
        room: &RoomId,
    ) -> Result<(), StoreError> {
        self.change_membership(user, room, None).await.map(|_| ())
    }

    async fn change_membership(
        &self,
        user: &UserId,
        room: &RoomId,
        read: Option<u64>,
    ) -> Result<bool, StoreError> {
        let change = MembershipChange {
            user: user.clone(),
            room: room.clone(),
            read,
        };
        self.membership_changes.ask(change).await
    }
}

/// Carries out many changes, for users who may be members of `most` rooms (0 is no limit).
pub(super) async fn change_memberships(
    link: Link,
    changes: Vec<MembershipChange>,
    most: u64,
) -> Result<Vec<bool>, StoreError> {
    let keys = changes
        .iter()
        .map(|change| keys::rooms_of_user(&change.user).into())
        .collect();
    let mut args = vec![number(FORGOTTEN_AFTER.as_secs()), number(most)];
    for change in &changes {
        args.push(text(change.room.as_str()));
        args.push(change.read.map_or_else(|| text(""), number));
    }
    let mut answer = link
        .ask("a change of memberships", Script::ChangeMembers, keys, args)
        .await?;
    changes.iter().map(|_| answer.flag()).collect()
}
