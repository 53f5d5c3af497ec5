//! Who is in which room, on any node.

use std::collections::HashMap;

use fred::types::{Key, Value};
use rookery_protocol::{RoomId, User};

use super::{Redis, append_call::text, failure, keys, read::number, script::Script};
use crate::{Online, PresenceChange, StoreError};

/// How many changes travel in one call.
const CHANGES_PER_CALL: usize = 256;

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
            text(keys::BUS),
            text(Online::MOST_USERS.to_string()),
        ];
        for (room, changes) in by_room(changes) {
            keys.push(keys::online(room).into());
            keys.push(keys::online_of_node(room, &self.server_id).into());
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
        let most = text(Online::MOST_USERS.to_string());
        let what = "a question who is online";
        let mut answer = self
            .ask(
                what,
                Script::Online,
                vec![keys::online(room).into()],
                vec![most],
            )
            .await?;
        let (count, at) = (answer.number()?, answer.number()?);
        let mut users = Vec::new();
        while !answer.is_empty() {
            let user = serde_json::from_slice(&answer.bytes()?);
            users.push(user.map_err(|_| failure::nonsense(what))?);
        }
        Ok(Online { users, count, at })
    }

    /// Takes a node's users out of all rooms. Stops where the node turns out
    /// to live; whether it was taken away to the end.
    pub(super) async fn sweep(
        &self,
        node: &rookery_protocol::ServerId,
    ) -> Result<bool, StoreError> {
        use fred::interfaces::SetsInterface as _;

        let rooms_key = keys::rooms_of_node(node);
        loop {
            let connection = self.link.current()?;
            let rooms: Vec<String> = connection
                .run(
                    connection
                        .client()
                        .srandmember(&rooms_key, Some(ROOMS_AT_ONCE)),
                )
                .await?;
            if rooms.is_empty() {
                let keys = vec![keys::NODES.into(), rooms_key.clone().into()];
                let args = vec![text(node.as_str())];
                let buried = connection.call(Script::BuryNode, keys, args).await?;
                return Ok(buried.as_u64() == Some(1));
            }
            for room in rooms.iter().filter_map(|room| RoomId::new(room).ok()) {
                if !self.sweep_room(&room, node).await? {
                    return Ok(false);
                }
            }
        }
    }

    /// Takes a dead node's users out of one room; `false` where it lives.
    async fn sweep_room(
        &self,
        room: &RoomId,
        node: &rookery_protocol::ServerId,
    ) -> Result<bool, StoreError> {
        loop {
            let keys = vec![
                keys::NODES.into(),
                keys::rooms_of_node(node).into(),
                keys::online(room).into(),
                keys::online_of_node(room, node).into(),
            ];
            let args = vec![
                text(node.as_str()),
                text(keys::BUS),
                text(Online::MOST_USERS.to_string()),
                text(room.as_str()),
                number(SWEPT_AT_ONCE),
            ];
            let left = self.link.current()?.call(Script::Sweep, keys, args).await?;
            match left.as_i64() {
                Some(0) => return Ok(true),
                Some(left) if left > 0 => {}
                _ => return Ok(false),
            }
        }
    }
}

/// How many rooms of a dead node are looked up in one call.
const ROOMS_AT_ONCE: usize = 100;
/// How many users are taken out of a room in one call.
const SWEPT_AT_ONCE: u64 = 500;

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
