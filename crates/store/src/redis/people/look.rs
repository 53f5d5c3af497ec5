//! Looking at a room and its people.

use fred::types::Key;
use rookery_protocol::{RoomId, UserId};

use super::{granted, rank, role};
use crate::{
    MemberPlace, MemberRow, MembersAsked, MembersPage, Restraint, RestraintRow, RoomView, Rule,
    StoreError,
    redis::{
        Redis,
        append_call::text,
        failure,
        heads::{name_of, room_kind},
        keys,
        read::number,
        script::Script,
    },
};

/// How many fields of a hash are looked at in one call.
const FIELDS_AT_ONCE: u64 = 500;

impl Redis {
    /// See [`crate::Store::room`].
    pub(crate) async fn room(&self, room: &RoomId, by: &UserId) -> Result<RoomView, StoreError> {
        const WHAT: &str = "a look at a room";
        let args = vec![text(by.as_str())];
        let mut answer = self.ask(WHAT, Script::Room, of(room), args).await?;
        let kind = granted(room, WHAT, &mut answer)?;
        Ok(RoomView {
            kind: room_kind(&kind).ok_or_else(|| failure::nonsense(WHAT))?,
            name: name_of(&answer.text()?, room),
            head: answer.cursor()?,
            role: role(answer.number()?),
            members: answer.number()?,
            rules: {
                let mut rules = Vec::new();
                for rule in Rule::ALL {
                    let value = answer.text()?;
                    rules.extend((!value.is_empty()).then_some((rule, value)));
                }
                rules
            },
        })
    }

    /// See [`crate::Store::may_write`].
    pub(crate) async fn may_write(&self, room: &RoomId, user: &UserId) -> Result<(), StoreError> {
        const WHAT: &str = "whether somebody may write";
        let mut keys = of(room);
        keys.push(keys::wrote(room).into());
        let args = vec![text(user.as_str())];
        let mut answer = self.ask(WHAT, Script::MayWrite, keys, args).await?;
        granted(room, WHAT, &mut answer).map(|_| ())
    }

    /// See [`crate::Store::members`].
    pub(crate) async fn members(&self, asked: &MembersAsked) -> Result<MembersPage, StoreError> {
        const WHAT: &str = "a list of members";
        let after = asked.after.as_ref();
        let args = vec![
            text(asked.reader.as_str()),
            number(rank(asked.role)),
            number(rank(after.map(|after| after.role))),
            number(after.map_or(0, |after| after.since)),
            text(after.map_or("", |after| after.user.as_str())),
            number(asked.limit.into()),
        ];
        let room = &asked.room;
        let mut answer = self.ask(WHAT, Script::RoomMembers, of(room), args).await?;
        let nonsense = || failure::nonsense(WHAT);
        let count = granted(room, WHAT, &mut answer)?;
        let count = count.parse().map_err(|_| nonsense())?;
        let more = answer.flag()?;
        let mut members = Vec::new();
        while !answer.is_empty() {
            let user = UserId::new(answer.text()?).map_err(|_| nonsense())?;
            let role = role(answer.number()?).ok_or_else(nonsense)?;
            let since = answer.number()?;
            let muted_until = answer.text()?;
            members.push(MemberRow {
                place: MemberPlace { role, since, user },
                muted_until: muted_until.parse().ok(),
            });
        }
        Ok(MembersPage {
            members,
            count,
            more,
        })
    }

    /// See [`crate::Store::restrained`].
    pub(crate) async fn restrained(
        &self,
        room: &RoomId,
        restraint: Restraint,
    ) -> Result<Vec<RestraintRow>, StoreError> {
        let connection = self.link.current()?;
        let prefix = format!("{} ", restraint.word());
        let now = self.ping().await?.time_ms;
        let (mut rows, mut cursor) = (Vec::new(), "0".to_owned());
        loop {
            let args = vec![
                text(keys::rules(room)),
                text(cursor),
                text("MATCH"),
                text(format!("{prefix}*")),
                text("COUNT"),
                number(FIELDS_AT_ONCE),
            ];
            let (next, fields): (String, Vec<(String, String)>) =
                connection.command("HSCAN", args).await?;
            let read = |(field, value): &(String, String)| read_row(&prefix, field, value, now);
            rows.extend(fields.iter().filter_map(read));
            cursor = next;
            if cursor == "0" {
                break;
            }
        }
        rows.sort_by(|one: &RestraintRow, other| one.user.cmp(&other.user));
        // A field may be given twice while the hash grows.
        rows.dedup_by(|one, other| one.user == other.user);
        Ok(rows)
    }
}

fn read_row(prefix: &str, field: &str, value: &str, now: u64) -> Option<RestraintRow> {
    let user = UserId::new(field.strip_prefix(prefix)?).ok()?;
    let (until, note) = value.split_once(' ')?;
    let until = match until.parse().ok()? {
        0 => None,
        until if until <= now => return None,
        until => Some(until),
    };
    Some(RestraintRow {
        user,
        until,
        note: note.to_owned(),
    })
}

fn of(room: &RoomId) -> Vec<Key> {
    let keys = [keys::head(room), keys::members(room), keys::rules(room)];
    keys.into_iter().map(Key::from).collect()
}
