//! Which rooms a user is a member of, and up to where they have looked.
//!
//! Changes are told once for each client that comes, so many are served by one
//! call. They are carried out in the order in which they were made.

use std::time::Duration;

use rookery_protocol::{RoomId, UserId, server_frame::RoomRow};

use super::{
    Redis, append_call::text, failure, grouped::Grouped, grouping::in_order, keys, link::Link,
    read::number, script::Script,
};
use crate::{Partition, StoreError};

const WHAT: &str = "a change of memberships";

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
    let mut done = Vec::with_capacity(changes.len());
    let grouping = link.current()?.grouping();
    let partition_of = |change: &&MembershipChange| Partition::of_user(&change.user);
    for group in grouping.split(&changes, partition_of) {
        let keys = group
            .iter()
            .map(|(_, change)| keys::rooms_of_user(&change.user).into());
        let mut args = vec![number(FORGOTTEN_AFTER.as_secs()), number(most)];
        for (_, change) in &group {
            args.push(text(change.room.as_str()));
            args.push(change.read.map_or_else(|| text(""), number));
        }
        let mut answer = link
            .ask(WHAT, Script::ChangeMembers, keys.collect(), args)
            .await?;
        for (place, _) in group {
            done.push((place, answer.flag()?));
        }
    }
    in_order(changes.len(), done).ok_or_else(|| failure::nonsense(WHAT))
}
