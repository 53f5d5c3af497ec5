//! Reactions to messages, and pins: each change is one script, one step.

use fred::types::{Key, Value};
use rookery_protocol::{Emoji, Event, EventBody, EventKind, RoomId, UserId};

use super::{
    Redis,
    append_call::{cursor, text},
    denied, failure, keys,
    people::granted,
    read::number,
    script::Script,
};
use crate::{
    Appended, Partition, Pin, React, Reacted, Reaction, ReactionChange, Reactors, ReactorsAsked,
    StoreError, epoch,
};

/// So many are asked for in one call, so that none is long.
const ASKED_AT_ONCE: usize = 1_000;

/// What a script says where there is no such message.
const NOT_THERE: &str = "?";

impl Redis {
    /// See [`crate::Store::react`].
    pub(crate) async fn react(&self, react: &React) -> Result<Reacted, StoreError> {
        const WHAT: &str = "a reaction";
        let React { room, target, .. } = react;
        let mut keys = keys_of(room);
        let partition = Partition::of_room(room);
        let more = [
            keys::reactors(room),
            keys::feed(partition),
            keys::due(partition),
            keys::reacted(room, *target),
        ];
        keys.extend(more.into_iter().map(Key::from));
        let mut args = self.words_before(room, react.known.as_ref());
        args.extend([
            number(*target),
            number(react.most_emoji),
            number(React::PAUSE_MS),
            number(React::MOST_TOLD as u64),
        ]);
        for change in &react.changes {
            args.extend(words_of(change));
        }
        let mut answer = self.ask(WHAT, Script::React, keys, args).await?;
        if answer.is_empty() {
            return Err(StoreError::NoSuchRoom(room.clone()));
        }
        let epoch = match answer.text()?.as_str() {
            NOT_THERE => return Err(no_message(room, *target)),
            "wait" => return Ok(Reacted::Wait(answer.number()?)),
            epoch => rookery_protocol::Epoch::new(epoch).map_err(|_| failure::nonsense(WHAT))?,
        };
        let (seq, ts, fields) = (answer.number()?, answer.number()?, answer.bytes()?);
        let body = EventBody {
            kind: EventKind::Reacted,
            fields,
        };
        let told = (seq > 0).then(|| self.appended(room, epoch, seq, ts, &body));
        let mut outcomes = Vec::with_capacity(react.changes.len());
        while !answer.is_empty() {
            outcomes.push(outcome(&answer.text()?).ok_or_else(|| failure::nonsense(WHAT))?);
        }
        Ok(Reacted::Done { told, outcomes })
    }

    /// See [`crate::Store::reactors`].
    pub(crate) async fn reactors(&self, asked: &ReactorsAsked) -> Result<Reactors, StoreError> {
        const WHAT: &str = "who reacted";
        let room = &asked.room;
        let mut keys = keys_to_read(room);
        keys.push(keys::reactors(room).into());
        let args = vec![
            text(asked.reader.as_str()),
            number(asked.target),
            text(asked.emoji.as_str()),
            text(asked.after.as_ref().map_or("", |after| after.as_str())),
            number(asked.limit.into()),
            number(self.retention.max_messages),
        ];
        let mut answer = self.ask(WHAT, Script::Reactors, keys, args).await?;
        let more = match granted(room, WHAT, &mut answer)?.as_str() {
            NOT_THERE => return Err(no_message(room, asked.target)),
            more => more == "1",
        };
        let mut users = Vec::new();
        while !answer.is_empty() {
            let user = UserId::new(answer.text()?);
            users.push(user.map_err(|_| failure::nonsense(WHAT))?);
        }
        Ok(Reactors { users, more })
    }

    /// See [`crate::Store::own_reactions`].
    pub(crate) async fn own_reactions(
        &self,
        room: &RoomId,
        user: &UserId,
        asked: &[(u64, Emoji)],
    ) -> Result<Vec<bool>, StoreError> {
        const WHAT: &str = "somebody's own reactions";
        let mut own = Vec::with_capacity(asked.len());
        for asked in asked.chunks(ASKED_AT_ONCE) {
            let keys = vec![keys::reactors(room).into()];
            let mut args = vec![text(user.as_str())];
            for (seq, emoji) in asked {
                args.extend([number(*seq), text(emoji.as_str())]);
            }
            let mut answer = self.ask(WHAT, Script::OwnReactions, keys, args).await?;
            for _ in asked {
                own.push(answer.flag()?);
            }
        }
        Ok(own)
    }

    /// See [`crate::Store::pin`].
    pub(crate) async fn pin(&self, pin: &Pin) -> Result<Option<Appended>, StoreError> {
        const WHAT: &str = "a pin";
        let room = &pin.room;
        let partition = Partition::of_room(room);
        let mut keys = keys_of(room);
        keys.extend([keys::feed(partition).into(), keys::due(partition).into()]);
        let body = pin.body();
        let mut args = self.words_before(room, pin.known.as_ref());
        args.extend([
            text(pin.by.id.as_str()),
            number(pin.target),
            text(sign(pin.on)),
            number(pin.most),
            Value::Bytes(body.fields.clone()),
        ]);
        let mut answer = self.ask(WHAT, Script::Pin, keys, args).await?;
        let epoch = granted(room, WHAT, &mut answer)?;
        if epoch == NOT_THERE {
            return Err(no_message(room, pin.target));
        }
        let epoch = rookery_protocol::Epoch::new(epoch).map_err(|_| failure::nonsense(WHAT))?;
        let (seq, ts) = (answer.number()?, answer.number()?);
        Ok((seq > 0).then(|| self.appended(room, epoch, seq, ts, &body)))
    }

    /// See [`crate::Store::pinned`].
    pub(crate) async fn pinned(
        &self,
        room: &RoomId,
        reader: &UserId,
    ) -> Result<Vec<Event>, StoreError> {
        const WHAT: &str = "the pins of a room";
        let args = vec![text(reader.as_str()), number(self.retention.max_messages)];
        let mut answer = self
            .ask(WHAT, Script::Pinned, keys_to_read(room), args)
            .await?;
        granted(room, WHAT, &mut answer)?;
        answer.events(room)
    }

    /// What the scripts are told before what it is about.
    fn words_before(&self, room: &RoomId, known: Option<&rookery_protocol::Cursor>) -> Vec<Value> {
        let mut args = vec![
            text(self.server_id.as_str()),
            text(&*self.channel),
            text(epoch::half()),
            text(room.as_str()),
        ];
        args.extend(cursor(known));
        args.push(number(self.retention.ttl_ms(room).unwrap_or(0)));
        args.push(number(self.retention.max_messages));
        args
    }

    fn appended(
        &self,
        room: &RoomId,
        epoch: rookery_protocol::Epoch,
        seq: u64,
        ts: u64,
        body: &EventBody,
    ) -> Appended {
        let expires_at = self.retention.ttl_ms(room).map(|ttl_ms| ts + ttl_ms);
        Appended {
            epoch,
            seq,
            ts,
            event: Some(Event::compose(room, seq, ts, expires_at, body)),
        }
    }
}

fn sign(on: bool) -> &'static str {
    if on { "+" } else { "-" }
}

/// A change as the script reads it.
fn words_of(change: &ReactionChange) -> [Value; 4] {
    let ReactionChange { user, emoji, on } = change;
    // A string and an id: nothing here can fail.
    let json = serde_json::to_string(user).unwrap_or_default();
    [
        text(sign(*on)),
        text(emoji.as_str()),
        text(user.id.as_str()),
        text(json),
    ]
}

fn outcome(line: &str) -> Option<Result<Reaction, crate::Denied>> {
    if let Some(why) = line.strip_prefix('^') {
        return denied::read(why).map(Err);
    }
    let changed = line.starts_with('+');
    let count = line.get(1..)?.parse().ok()?;
    Some(Ok(Reaction { changed, count }))
}

fn no_message(room: &RoomId, seq: u64) -> StoreError {
    StoreError::NoSuchMessage {
        room: room.clone(),
        seq,
    }
}

fn keys_of(room: &RoomId) -> Vec<Key> {
    let keys = [
        keys::partition(Partition::of_room(room)),
        keys::head(room),
        keys::log(room),
        keys::hidden(room),
        keys::members(room),
        keys::rules(room),
        keys::wrote(room),
    ];
    keys.into_iter().map(Key::from).collect()
}

fn keys_to_read(room: &RoomId) -> Vec<Key> {
    let keys = [
        keys::head(room),
        keys::members(room),
        keys::rules(room),
        keys::log(room),
        keys::hidden(room),
    ];
    keys.into_iter().map(Key::from).collect()
}
