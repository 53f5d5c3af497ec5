//! Who is in which room, on any node.

use std::collections::HashMap;

use fred::types::{Key, Value};
use rookery_protocol::{RoomId, ServerId, User};
use tokio::sync::Mutex;

use super::{
    Redis,
    append_call::text,
    connector::Connector,
    failure, keys,
    lease::LeaseLine,
    lives::{Life, Lives},
    read::number,
    script::Script,
    watch::Watch,
};
use crate::{Online, PresenceChange, PresenceTimes, StoreError};

/// How many changes travel in one call.
const CHANGES_PER_CALL: usize = 256;
/// A call that has read so many users reads no more rooms.
const USERS_PER_CALL: u64 = 2_000;

const WHO_IS_ONLINE: &str = "a question who is online";

/// What this node knows of its own life and of the lives of others.
pub(super) struct Presence {
    pub(super) lives: Lives,
    pub(super) line: LeaseLine,
    pub(super) watch: Mutex<Watch>,
    /// Changes are entered in the order of their numbers.
    changing: Mutex<()>,
}

impl Presence {
    pub(super) fn new(connector: Connector, server_id: ServerId, times: PresenceTimes) -> Self {
        let PresenceTimes { lease, grace } = times;
        Self {
            lives: Lives::new(server_id),
            // Over another connection there is then still time for another attempt.
            line: LeaseLine::new(connector, lease / 2),
            watch: Mutex::new(Watch::new(lease, grace, PresenceTimes::LOOKS)),
            changing: Mutex::default(),
        }
    }
}

impl Redis {
    /// See [`crate::Store::change_presence`].
    pub(crate) async fn change_presence(
        &self,
        changes: &[PresenceChange],
    ) -> Result<(), StoreError> {
        let _turn = self.presence.changing.lock().await;
        for changes in changes.chunks(CHANGES_PER_CALL) {
            let (life, number) = self.presence.lives.next_change()?;
            let (keys, args) = self.presence_call(&life, number, changes);
            let connection = self.link.current()?;
            let entered = connection.call(Script::ChangePresence, keys, args).await?;
            if entered.as_u64() != Some(1) {
                return Err(StoreError::NoLease);
            }
            self.presence.lives.changed(&life, number);
        }
        Ok(())
    }

    fn presence_call(
        &self,
        life: &Life,
        change: u64,
        changes: &[PresenceChange],
    ) -> (Vec<Key>, Vec<Value>) {
        let mut keys: Vec<Key> = vec![
            keys::LEASES.into(),
            keys::PRESENCE_TIME.into(),
            keys::rooms_of_life(&life.name).into(),
        ];
        let mut args = vec![
            text(life.name.as_str()),
            number(change),
            number(life.beat),
            number(life.change),
            text(&*self.channel),
            text(Online::MOST_USERS.to_string()),
            number(self.retention.keep_empty_ms),
        ];
        for (room, changes) in by_room(changes) {
            keys.push(keys::online(room).into());
            keys.push(keys::online_of_life(room, &life.name).into());
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
        let mut keys = vec![keys::PRESENCE_TIME.into()];
        keys.extend(rooms.iter().map(|room| Key::from(keys::online(room))));
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
