//! Who is in which room, on any node.

use std::{collections::HashMap, hash::Hash};

use fred::types::{Key, Value};
use rookery_protocol::{RoomId, ServerId, User};
use tokio::sync::Mutex;

use super::{
    Redis,
    append_call::text,
    connector::Connector,
    failure,
    grouping::Grouping,
    keys,
    lease::LeaseLine,
    lives::{Life, Lives},
    read::number,
    script::Script,
    watch::Watch,
};
use crate::{Online, Partition, PresenceChange, PresenceTimes, StoreError};

/// How many changes travel in one call.
const CHANGES_PER_CALL: usize = 128;
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
        let grouping = self.link.current()?.grouping();
        let partition_of = |change: &&PresenceChange| Partition::of_room(&change.room);
        for group in grouping.split(changes, partition_of) {
            for changes in group.chunks(CHANGES_PER_CALL) {
                let changes: Vec<_> = changes.iter().map(|&(_, change)| change).collect();
                self.change_together(&changes).await?;
            }
        }
        Ok(())
    }

    /// What may travel in one call.
    async fn change_together(&self, changes: &[&PresenceChange]) -> Result<(), StoreError> {
        let lives = &self.presence.lives;
        let (life, number) = lives.next_change()?;
        let by_partition = by_partition(changes);
        let (keys, args) = self.presence_call(&life, number, &by_partition);
        let mut entered = self
            .ask("a change of presence", Script::ChangePresence, keys, args)
            .await?;
        let mut all = true;
        for (partition, _) in &by_partition {
            match entered.flag()? {
                true => lives.changed(&life, *partition, number),
                false => all = false,
            }
        }
        if all {
            return Ok(());
        }
        // Something of that life is lost. Everybody is entered again under the next.
        lives.ended(&life);
        Err(StoreError::NoLease)
    }

    fn presence_call(
        &self,
        life: &Life,
        change: u64,
        by_partition: &[(Partition, Vec<&PresenceChange>)],
    ) -> (Vec<Key>, Vec<Value>) {
        let mut keys: Vec<Key> = Vec::new();
        let mut args = vec![
            text(life.name.as_str()),
            text(&*self.channel),
            text(Online::MOST_USERS.to_string()),
        ];
        for (partition, changes) in by_partition {
            keys.push(keys::lives(*partition).into());
            keys.push(keys::presence_time(*partition).into());
            keys.push(keys::rooms_of_life(*partition, &life.name).into());
            keys.push(keys::due(*partition).into());
            let rooms = by_room(changes);
            args.push(number(change));
            args.push(number(life.change_in(*partition)));
            args.push(text(rooms.len().to_string()));
            for (room, changes) in rooms {
                keys.push(keys::online(room).into());
                keys.push(keys::online_of_life(room, &life.name).into());
                keys.push(keys::head(room).into());
                args.push(text(room.as_str()));
                args.push(number(self.retention.keep_ms(room)));
                args.push(text(changes.len().to_string()));
                for change in changes {
                    args.push(text(if change.online { "+" } else { "-" }));
                    args.push(text(change.user.id.as_str()));
                    args.push(Value::Bytes(user_json(&change.user).into()));
                }
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
        let of = |room: &RoomId| Partition::of_room(room);
        let together = match self.link.current()?.grouping() {
            Grouping::Together => rooms.len(),
            // As many as lie in the partition of the first.
            Grouping::ByPartition => rooms
                .iter()
                .take_while(|room| of(room) == of(&rooms[0]))
                .count(),
        };
        let mut keys: Vec<Key> = Vec::with_capacity(2 * together);
        for room in &rooms[..together] {
            keys.push(keys::presence_time(of(room)).into());
            keys.push(keys::online(room).into());
        }
        let args = vec![text(Online::MOST_USERS.to_string()), number(USERS_PER_CALL)];
        let mut answer = self.ask(WHO_IS_ONLINE, Script::Online, keys, args).await?;
        let mut pictures = Vec::with_capacity(together);
        while !answer.is_empty() {
            let at = answer.number()?;
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

/// The changes of each partition, in their order.
fn by_partition<'a>(changes: &[&'a PresenceChange]) -> Vec<(Partition, Vec<&'a PresenceChange>)> {
    grouped(changes, |change| Partition::of_room(&change.room))
}

/// The changes of each room, in their order.
fn by_room<'a>(changes: &[&'a PresenceChange]) -> Vec<(&'a RoomId, Vec<&'a PresenceChange>)> {
    grouped(changes, |change| &change.room)
}

fn grouped<'a, K: Copy + Eq + Hash>(
    changes: &[&'a PresenceChange],
    key_of: impl Fn(&'a PresenceChange) -> K,
) -> Vec<(K, Vec<&'a PresenceChange>)> {
    let mut groups: Vec<(K, Vec<&PresenceChange>)> = Vec::new();
    let mut places: HashMap<K, usize> = HashMap::new();
    for &change in changes {
        let key = key_of(change);
        let place = *places.entry(key).or_insert_with(|| {
            groups.push((key, Vec::new()));
            groups.len() - 1
        });
        groups[place].1.push(change);
    }
    groups
}

fn user_json(user: &User) -> Vec<u8> {
    // Two strings into memory cannot fail.
    serde_json::to_vec(user).unwrap_or_default()
}
