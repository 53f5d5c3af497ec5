//! Which rooms a user is a member of, and up to where they have looked.

use std::{collections::HashMap, time::Duration};

use fred::interfaces::{HashesInterface, KeysInterface};
use rookery_protocol::{RoomId, UserId, server_frame::RoomRow};

use super::{Redis, keys};
use crate::StoreError;

/// The rooms of somebody who never comes again are forgotten after this.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(90 * 24 * 3600);

impl Redis {
    /// See [`crate::Store::rooms_of`].
    pub(crate) async fn rooms_of(&self, user: &UserId) -> Result<Vec<RoomRow>, StoreError> {
        let key = keys::rooms_of_user(user);
        let connection = self.link.current()?;
        let entries: HashMap<String, u64> =
            connection.run(connection.client().hgetall(&key)).await?;
        let mut entries: Vec<(RoomId, u64)> = entries
            .into_iter()
            .filter_map(|(room, read)| Some((RoomId::new(room).ok()?, read)))
            .collect();
        entries.sort();
        let rooms: Vec<RoomId> = entries.iter().map(|(room, _)| room.clone()).collect();
        let mut rows = Vec::with_capacity(entries.len());
        let mut gone = Vec::new();
        for ((room, read), state) in entries.into_iter().zip(self.rooms(&rooms).await?) {
            match state {
                Some(state) => rows.push(RoomRow {
                    room,
                    kind: state.kind,
                    name: state.name,
                    seq: state.head.seq,
                    read,
                    unread: state.head.seq.saturating_sub(read),
                }),
                None => gone.push(room.as_str().to_owned()),
            }
        }
        if !gone.is_empty() {
            connection
                .run(connection.client().hdel::<(), _, _>(&key, gone))
                .await?;
        }
        Ok(rows)
    }

    /// See [`crate::Store::remember_member`].
    pub(crate) async fn remember_member(
        &self,
        user: &UserId,
        room: &RoomId,
        seq: u64,
    ) -> Result<(), StoreError> {
        let key = keys::rooms_of_user(user);
        let connection = self.link.current()?;
        let pipeline = connection.client().pipeline();
        let forgotten_after = i64::try_from(FORGOTTEN_AFTER.as_secs()).unwrap_or(i64::MAX);
        connection
            .run(async {
                // Queued, not yet sent.
                pipeline
                    .hset::<(), _, _>(&key, (room.as_str(), seq.to_string()))
                    .await?;
                pipeline
                    .expire::<(), _>(&key, forgotten_after, None)
                    .await?;
                pipeline.all::<()>().await
            })
            .await
    }

    /// See [`crate::Store::forget_member`].
    pub(crate) async fn forget_member(
        &self,
        user: &UserId,
        room: &RoomId,
    ) -> Result<(), StoreError> {
        let connection = self.link.current()?;
        let key = keys::rooms_of_user(user);
        connection
            .run(connection.client().hdel(key, room.as_str()))
            .await
    }
}
