//! Which rooms a user is a member of, and up to where they have looked.
//!
//! Asked and told once for each client that comes, so many are served by one call.

use std::{collections::HashMap, time::Duration};

use rookery_protocol::{RoomId, UserId, server_frame::RoomRow};

use super::{
    Redis,
    append_call::text,
    grouped::Grouped,
    keys,
    link::Link,
    read::{self, RoomState, number},
    script::Script,
};
use crate::StoreError;

/// The rooms of somebody who never comes again are forgotten after this.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(90 * 24 * 3600);

/// Questions for the rooms of a user.
pub(super) type Memberships = Grouped<UserId, Vec<RoomRow>>;
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
        self.memberships.ask(user.clone()).await
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

/// Reads the rooms of many users. Rooms that are gone are left out and forgotten.
pub(super) async fn read_memberships(
    link: Link,
    users: Vec<UserId>,
) -> Result<Vec<Vec<RoomRow>>, StoreError> {
    let entries = entries(&link, &users).await?;
    let mut rooms: Vec<RoomId> = entries
        .iter()
        .flatten()
        .map(|(room, _)| room.clone())
        .collect();
    rooms.sort();
    rooms.dedup();
    let states = read::rooms(&link, &rooms).await?;
    let states: HashMap<&RoomId, Option<RoomState>> = rooms.iter().zip(states).collect();
    let mut gone = Vec::new();
    let mut all_rows = Vec::with_capacity(users.len());
    for (user, entries) in users.iter().zip(&entries) {
        let mut rows = Vec::with_capacity(entries.len());
        for (room, read) in entries {
            match states.get(room).and_then(Option::as_ref) {
                Some(state) => rows.push(row(room, state, *read)),
                None => gone.push(MembershipChange {
                    user: user.clone(),
                    room: room.clone(),
                    read: None,
                }),
            }
        }
        all_rows.push(rows);
    }
    if !gone.is_empty() {
        change_memberships(link, gone, 0).await?;
    }
    Ok(all_rows)
}

/// The entries of many users, each sorted by room.
async fn entries(link: &Link, users: &[UserId]) -> Result<Vec<Vec<(RoomId, u64)>>, StoreError> {
    let keys = users
        .iter()
        .map(|user| keys::rooms_of_user(user).into())
        .collect();
    let mut answer = link
        .ask("a list of memberships", Script::Members, keys, Vec::new())
        .await?;
    let mut all = Vec::with_capacity(users.len());
    for _ in users {
        let mut entries = Vec::new();
        for _ in 0..answer.number()? {
            let (room, read) = (answer.text()?, answer.number()?);
            entries.extend(RoomId::new(room).ok().map(|room| (room, read)));
        }
        entries.sort();
        all.push(entries);
    }
    Ok(all)
}

fn row(room: &RoomId, state: &RoomState, read: u64) -> RoomRow {
    RoomRow {
        room: room.clone(),
        kind: state.kind,
        name: state.name.clone(),
        seq: state.head.seq,
        read,
        unread: state.head.seq.saturating_sub(read),
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
