//! Coming into a room, and making it where nobody has yet.
//!
//! What is there is read by one script, which works even when memory is full;
//! what is not is made by another, which is refused then, after the user was held to
//! their limits.

use fred::types::{Key, Value};
use rookery_protocol::server_frame::RoomKind;

use super::{
    Redis,
    answer::Answer,
    append_call::{cursor, text},
    heads::{kind_and_letters, name_of},
    keys,
    read::number,
    script::Script,
};
use crate::{Join, Joined, Partition, Recovery, StoreError, epoch};

const WHAT: &str = "a join";

impl Redis {
    /// See [`crate::Store::join`].
    pub(crate) async fn join(&self, join: &Join) -> Result<Joined, StoreError> {
        let answer = self
            .ask(WHAT, Script::Join, keys_of(join), self.args(join, false))
            .await?;
        if !answer.is_empty() {
            return self.joined(join, answer);
        }
        if !join.create {
            return Err(StoreError::NoSuchRoom(join.room.clone()));
        }
        self.charge_room(&join.room, &join.user).await?;
        let answer = self
            .ask(WHAT, Script::MakeRoom, keys_of(join), self.args(join, true))
            .await?;
        if answer.is_empty() {
            return Err(StoreError::NoSuchRoom(join.room.clone()));
        }
        self.joined(join, answer)
    }

    fn args(&self, join: &Join, create: bool) -> Vec<Value> {
        let mut args = vec![text(join.room.as_str()), text(u8::from(create).to_string())];
        args.extend(cursor(join.known.as_ref()));
        args.extend(cursor(join.since.as_ref()));
        args.extend([
            number(join.limit.into()),
            number(join.catch_up),
            number(self.retention.max_messages),
            text(epoch::half()),
            number(self.retention.keep_ms(&join.room)),
        ]);
        args
    }

    fn joined(&self, join: &Join, mut answer: Answer) -> Result<Joined, StoreError> {
        let kind = answer.text()?;
        let (kind, letters) = kind_and_letters(&kind)
            .ok_or_else(|| StoreError::Broken(format!("a room of the unknown kind {kind:?}")))?;
        let guarded = kind != RoomKind::Public || letters.contains(['o', 'a', 'b', 'm', 's', 'l']);
        let name = name_of(&answer.text()?, &join.room);
        let head = answer.cursor()?;
        let forks = answer.forks()?;
        let recovered = answer.flag()?;
        let pins = answer.numbers()?;
        let events = answer.events(&join.room)?;
        Ok(Joined {
            kind,
            guarded,
            name,
            head,
            forks,
            ttl_ms: self.retention.ttl_ms(&join.room),
            pins,
            recovery: if recovered {
                Recovery::Events(events)
            } else {
                Recovery::Messages(events)
            },
        })
    }
}

fn keys_of(join: &Join) -> Vec<Key> {
    let (room, partition) = (&join.room, Partition::of_room(&join.room));
    let keys = [
        keys::partition(partition),
        keys::head(room),
        keys::log(room),
        keys::hidden(room),
        keys::online(room),
        keys::rooms(partition),
        keys::due(partition),
        keys::rules(room),
    ];
    keys.into_iter().map(Key::from).collect()
}
