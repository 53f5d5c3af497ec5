//! Changing a room and its people: one script, one step.

use bytes::Bytes;
use fred::types::{Key, Value};
use rookery_protocol::{Epoch, Event, EventBody, RoomId};

use super::{granted, rank};
use crate::{
    Appended, Partition, RoomChange, RoomChanged, Step, StoreError, Told, When, epoch,
    redis::{
        Redis,
        answer::Answer,
        append_call::{cursor, text},
        failure,
        heads::room_kind,
        keys, kind,
        read::number,
        script::Script,
    },
};

const WHAT: &str = "a change of a room";

impl Redis {
    /// See [`crate::Store::change_room`].
    pub(crate) async fn change_room(&self, change: &RoomChange) -> Result<RoomChanged, StoreError> {
        if let Some(Step::Make { .. }) = change.steps.first() {
            self.charge_room(&change.room, &change.by).await?;
        }
        let keys = keys_of(change);
        let mut answer = self
            .ask(WHAT, Script::ChangeRoom, keys, self.words(change))
            .await?;
        let kind = granted(&change.room, WHAT, &mut answer)?;
        Ok(RoomChanged {
            kind: room_kind(&kind).ok_or_else(|| failure::nonsense(WHAT))?,
            changed: answer.flag()?,
            at: answer.number()?,
            told: self.told(change, answer)?,
        })
    }

    fn words(&self, change: &RoomChange) -> Vec<Value> {
        let RoomChange { room, by, .. } = change;
        let mut args = vec![
            text(self.server_id.as_str()),
            text(&*self.channel),
            text(epoch::half()),
            text(room.as_str()),
            text(by.as_str()),
            number(rank(change.least)),
        ];
        args.extend(cursor(change.known.as_ref()));
        args.push(number(self.retention.ttl_ms(room).unwrap_or(0)));
        args.push(number(self.retention.keep_ms(room)));
        args.push(number(self.user_limits.restraints_per_room));
        for step in &change.steps {
            push_step(&mut args, step);
        }
        args
    }

    /// The events that were stored, of those that were to be told.
    fn told(&self, change: &RoomChange, mut answer: Answer) -> Result<Vec<Appended>, StoreError> {
        let room = &change.room;
        let epoch = answer.epoch()?;
        let expires = self.retention.ttl_ms(room);
        let mut told = Vec::new();
        for step in &change.steps {
            let Step::Tell { body, .. } = step else {
                continue;
            };
            let (seq, ts) = (answer.number()?, answer.number()?);
            if seq > 0 {
                let expires_at = expires.map(|ttl_ms| ts + ttl_ms);
                told.push(appended(room, &epoch, seq, ts, expires_at, body));
            }
        }
        Ok(told)
    }
}

fn appended(
    room: &RoomId,
    epoch: &Epoch,
    seq: u64,
    ts: u64,
    expires_at: Option<u64>,
    body: &EventBody,
) -> Appended {
    Appended {
        epoch: epoch.clone(),
        seq,
        ts,
        event: Some(Event::compose(room, seq, ts, expires_at, body)),
    }
}

fn keys_of(change: &RoomChange) -> Vec<Key> {
    let room = &change.room;
    let partition = Partition::of_room(room);
    let keys = [
        keys::partition(partition),
        keys::head(room),
        keys::log(room),
        keys::hidden(room),
        keys::online(room),
        keys::rooms(partition),
        keys::due(partition),
        keys::feed(partition),
        keys::members(room),
        keys::rules(room),
        keys::wrote(room),
        keys::invites(room),
    ];
    let code = change.invitation().map(|code| keys::code(partition, code));
    keys.into_iter().chain(code).map(Key::from).collect()
}

/// A step as the script reads it.
fn push_step(args: &mut Vec<Value>, step: &Step) {
    let mut push = |words: &[&str]| args.extend(words.iter().map(|word| text(*word)));
    match step {
        Step::Make { kind, name } => push(&["make", kind.as_str(), name]),
        Step::Rank { user, role, when } => {
            let rank = rank(*role).to_string();
            push(&["rank", user.as_str(), &rank, word_of(*when)]);
        }
        Step::Restrain {
            restraint,
            user,
            for_ms,
            note,
        } => {
            let for_ms = for_ms.unwrap_or(0).to_string();
            push(&["restrain", restraint.word(), user.as_str(), &for_ms, note]);
        }
        Step::Release { restraint, user } => push(&["release", restraint.word(), user.as_str()]),
        Step::Rule { rule, value } => {
            push(&["rule", rule.name(), value.as_deref().unwrap_or_default()]);
        }
        Step::Name(name) => push(&["name", name]),
        Step::Offer {
            code,
            expires_ms,
            uses,
            most,
        } => {
            let uses = uses.map_or_else(|| "-".to_owned(), |uses| uses.to_string());
            let [expires_ms, most] = [expires_ms, most].map(u64::to_string);
            push(&["offer", code.as_str(), &expires_ms, &uses, &most]);
        }
        Step::Revoke { code } => push(&["revoke", code.as_str()]),
        Step::Spend { code } => push(&["spend", code.as_str()]),
        Step::Tell { body, told } => {
            let letter = kind::letter(body.kind).to_string();
            push(&["tell", &letter, body.kind.as_str()]);
            args.push(Value::Bytes(Bytes::clone(&body.fields)));
            args.push(text(match told {
                Told::Everywhere => "all",
                Told::InClosedRooms => "closed",
            }));
        }
    }
}

fn word_of(when: When) -> &'static str {
    match when {
        When::Member => "member",
        When::MemberIfAny => "any",
        When::Stranger => "stranger",
    }
}
