//! Takes the presence of a node away, room by room, some users at a time, so
//! that a big room never holds Redis up. A node that turns out to live keeps
//! the rest, and enters all of it again when it hears that its lease is fresh.

use fred::interfaces::SetsInterface;
use rookery_protocol::{RoomId, ServerId};

use super::{Redis, append_call::text, keys, read::number, script::Script};
use crate::{Online, StoreError};

/// How many rooms of a dead node are looked up in one call.
const ROOMS_AT_ONCE: usize = 100;
/// How many users are taken out of a room in one call.
const SWEPT_AT_ONCE: u64 = 500;

impl Redis {
    /// Takes a node's users out of all rooms. Stops where the node turns out
    /// to live; whether it was taken away to the end.
    pub(super) async fn sweep(&self, node: &ServerId) -> Result<bool, StoreError> {
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
    async fn sweep_room(&self, room: &RoomId, node: &ServerId) -> Result<bool, StoreError> {
        loop {
            let keys = vec![
                keys::NODES.into(),
                keys::rooms_of_node(node).into(),
                keys::online(room).into(),
                keys::online_of_node(room, node).into(),
                keys::head(room).into(),
                keys::log(room).into(),
            ];
            let args = vec![
                text(node.as_str()),
                text(&*self.channel),
                text(Online::MOST_USERS.to_string()),
                text(room.as_str()),
                number(SWEPT_AT_ONCE),
                number(self.retention.keep_empty_ms),
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
