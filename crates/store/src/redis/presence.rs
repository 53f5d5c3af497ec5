//! Who is in which room, on any node.

use std::collections::HashMap;

use fred::types::{Key, Value};
use rookery_protocol::{RoomId, User};

use super::{Redis, append_call::text, failure, keys, read::number, script::Script};
use crate::{Online, PresenceChange, StoreError};

/// How many changes travel in one call.
const CHANGES_PER_CALL: usize = 256;
/// A call that has read so many users reads no more rooms.
const USERS_PER_CALL: u64 = 2_000;

const WHO_IS_ONLINE: &str = "a question who is online";

impl Redis {
    /// See [`crate::Store::change_presence`].
    pub(crate) async fn change_presence(
        &self,
        changes: &[PresenceChange],
    ) -> Result<(), StoreError> {
        for changes in changes.chunks(CHANGES_PER_CALL) {
            let (keys, args) = self.presence_call(changes);
            self.link
                .current()?
                .call(Script::ChangePresence, keys, args)
                .await?;
        }
        Ok(())
    }

    fn presence_call(&self, changes: &[PresenceChange]) -> (Vec<Key>, Vec<Value>) {
        let mut keys: Vec<Key> = vec![
            keys::NODES.into(),
            keys::rooms_of_node(&self.server_id).into(),
        ];
        let mut args = vec![
            text(self.server_id.as_str()),
            text(&*self.channel),
            text(Online::MOST_USERS.to_string()),
            number(self.retention.keep_empty_ms),
        ];
        for (room, changes) in by_room(changes) {
            keys.push(keys::online(room).into());
            keys.push(keys::online_of_node(room, &self.server_id).into());
            keys.push(keys::head(room).into());
            keys.push(keys::log(room).into());
            args.push(text(room.as_str()));
            args.push(text(changes.len().to_string()));
            for change in changes {
                args.push(text(if change.online { "+" } else { "-" }));
                args.push(text(change.user.id.as_str()));
                args.push(Value::Bytes(user_json(&change.user).into()));
            }
        }
        (keys, args)
    }

    /// See [`crate::Store::online`].
    pub(crate) async fn online(&self, room: &RoomId) -> Result<Online, StoreError> {
        let pictures = self.online_in(std::slice::from_ref(room)).await?;
        let first = pictures.into_iter().next();
        first.ok_or_else(|| failure::nonsense(WHO_IS_ONLINE))
    }

    /// See [`crate::Store::online_in`].
    pub(crate) async fn online_in(&self, rooms: &[RoomId]) -> Result<Vec<Online>, StoreError> {
        if rooms.is_empty() {
            return Ok(Vec::new());
        }
        let keys = rooms.iter().map(|room| keys::online(room).into()).collect();
        let args = vec![text(Online::MOST_USERS.to_string()), number(USERS_PER_CALL)];
        let mut answer = self.ask(WHO_IS_ONLINE, Script::Online, keys, args).await?;
        let at = answer.number()?;
        let mut pictures = Vec::with_capacity(rooms.len());
        while !answer.is_empty() {
            let (count, shown) = (answer.number()?, answer.number()?);
            let mut users = Vec::new();
            for _ in 0..shown {
                let user = serde_json::from_slice(&answer.bytes()?);
                users.push(user.map_err(|_| failure::nonsense(WHO_IS_ONLINE))?);
            }
            pictures.push(Online { users, count, at });
        }
        if pictures.is_empty() || pictures.len() > rooms.len() {
            return Err(failure::nonsense(WHO_IS_ONLINE));
        }
        Ok(pictures)
    }
}

/// The changes of each room, in their order.
fn by_room(changes: &[PresenceChange]) -> Vec<(&RoomId, Vec<&PresenceChange>)> {
    let mut rooms: Vec<(&RoomId, Vec<&PresenceChange>)> = Vec::new();
    let mut places: HashMap<&RoomId, usize> = HashMap::new();
    for change in changes {
        let place = *places.entry(&change.room).or_insert_with(|| {
            rooms.push((&change.room, Vec::new()));
            rooms.len() - 1
        });
        rooms[place].1.push(change);
    }
    rooms
}

fn user_json(user: &User) -> Vec<u8> {
    // Two strings into memory cannot fail.
    serde_json::to_vec(user).unwrap_or_default()
}
