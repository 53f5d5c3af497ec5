//! Coming into a room, and making it where nobody has yet.
//!
//! What is there is read by one script, which works even when memory is full;
//! what is not is made by another, which is refused then, and which holds the
//! user to their limits.

use fred::types::{Key, Value};

use super::{
    Redis,
    answer::Answer,
    append_call::{cursor, text},
    heads::{name_of, room_kind},
    keys,
    read::number,
    script::Script,
};
use crate::{Join, Joined, Recovery, StoreError, epoch};

const WHAT: &str = "a join";

impl Redis {
    /// See [`crate::Store::join`].
    pub(crate) async fn join(&self, join: &Join) -> Result<Joined, StoreError> {
        let answer = self
            .ask(WHAT, Script::Join, of_room(join), self.args(join, false))
            .await?;
        if !answer.is_empty() {
            return self.joined(join, answer);
        }
        if !join.create {
            return Err(StoreError::NoSuchRoom(join.room.clone()));
        }
        let mut keys = of_room(join);
        keys.push(keys::rooms_of_user(&join.user).into());
        keys.push(keys::made_by_user(&join.user).into());
        let mut args = self.args(join, true);
        args.push(text(join.room.as_str()));
        args.push(number(self.user_limits.rooms));
        args.push(number(self.user_limits.rooms_made_per_hour));
        let answer = self.ask(WHAT, Script::MakeRoom, keys, args).await?;
        self.joined(join, answer)
    }

    fn args(&self, join: &Join, create: bool) -> Vec<Value> {
        let known = cursor(join.known.as_ref());
        let since = cursor(join.since.as_ref());
        let args = [
            vec![
                text(u8::from(create).to_string()),
                number(self.retention.ttl_ms(&join.room).unwrap_or(0)),
            ],
            known.into(),
            since.into(),
            vec![
                number(join.limit.into()),
                number(join.catch_up),
                number(self.retention.max_events),
                text(epoch::half()),
                number(self.retention.keep_empty_ms),
            ],
        ];
        args.concat()
    }

    fn joined(&self, join: &Join, mut answer: Answer) -> Result<Joined, StoreError> {
        let kind = match answer.text()?.as_str() {
            "!rooms" => {
                return Err(StoreError::TooManyRooms {
                    user: join.user.clone(),
                    most: self.user_limits.rooms,
                });
            }
            "!made" => {
                return Err(StoreError::TooManyRoomsMade {
                    user: join.user.clone(),
                    per_hour: self.user_limits.rooms_made_per_hour,
                    retry_after_ms: answer.number()?,
                });
            }
            word => room_kind(word).ok_or_else(|| {
                StoreError::Broken(format!("a room of the unknown kind {word:?}"))
            })?,
        };
        let name = name_of(&answer.text()?, &join.room);
        let head = answer.cursor()?;
        let forks = answer.forks()?;
        let recovered = answer.flag()?;
        let events = answer.events(&join.room)?;
        Ok(Joined {
            kind,
            name,
            head,
            forks,
            ttl_ms: self.retention.ttl_ms(&join.room),
            recovery: if recovered {
                Recovery::Events(events)
            } else {
                Recovery::Messages(events)
            },
        })
    }
}

fn of_room(join: &Join) -> Vec<Key> {
    vec![
        keys::head(&join.room).into(),
        keys::log(&join.room).into(),
        keys::online(&join.room).into(),
        keys::TERM.into(),
    ]
}
