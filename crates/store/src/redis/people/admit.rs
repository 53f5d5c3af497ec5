//! Whether users may come into rooms. Thousands ask at once, so many travel in a call.

use rookery_protocol::{RoomId, UserId};

use super::{denied_error, role};
use crate::{
    Admission, Admitted, Partition, StoreError,
    redis::{
        Redis, append_call::text, denied, failure, grouped::Grouped, grouping::in_order,
        heads::room_kind, keys, link::Link, script::Script,
    },
};

const WHAT: &str = "an admission";

/// Questions whether somebody may come in.
pub(in crate::redis) type Admissions = Grouped<Coming, Result<Admission, StoreError>>;

/// Somebody comes into a room.
pub(in crate::redis) struct Coming {
    user: UserId,
    room: RoomId,
    /// Whether they become a member.
    enters: bool,
}

impl Redis {
    /// See [`crate::Store::admit`].
    pub(crate) async fn admit(
        &self,
        room: &RoomId,
        user: &UserId,
        enters: bool,
    ) -> Result<Admission, StoreError> {
        let coming = Coming {
            user: user.clone(),
            room: room.clone(),
            enters,
        };
        self.admissions.ask(coming).await?
    }
}

/// Answers many of them.
pub(in crate::redis) async fn admit_all(
    link: Link,
    questions: Vec<Coming>,
) -> Result<Vec<Result<Admission, StoreError>>, StoreError> {
    let mut answers = Vec::with_capacity(questions.len());
    let grouping = link.current()?.grouping();
    let partition_of = |coming: &&Coming| Partition::of_room(&coming.room);
    for group in grouping.split(&questions, partition_of) {
        let keys = group.iter().flat_map(|(_, coming)| {
            let room = &coming.room;
            [keys::head(room), keys::members(room), keys::rules(room)].map(Into::into)
        });
        let args = group.iter().flat_map(|(_, coming)| {
            let enters = u8::from(coming.enters).to_string();
            [text(coming.user.as_str()), text(enters)]
        });
        let mut answer = link
            .ask(WHAT, Script::Admit, keys.collect(), args.collect())
            .await?;
        for (place, coming) in group {
            answers.push((place, read(&answer.text()?, &coming.room)));
        }
    }
    in_order(questions.len(), answers).ok_or_else(|| failure::nonsense(WHAT))
}

fn read(line: &str, room: &RoomId) -> Result<Admission, StoreError> {
    if line == "-" {
        return Err(StoreError::NoSuchRoom(room.clone()));
    }
    let nonsense = || failure::nonsense(WHAT);
    if let Some(why) = line.strip_prefix('!') {
        let denied = denied::read(why).ok_or_else(nonsense)?;
        return Err(denied_error(room, denied));
    }
    let mut words = line.split(' ');
    let mut word = || words.next().ok_or_else(nonsense);
    let is_member = word()? == "m";
    let kind = room_kind(word()?).ok_or_else(nonsense)?;
    let rank = word()?.parse().map_err(|_| nonsense())?;
    let admitted = Admitted {
        kind,
        role: role(rank).ok_or_else(nonsense)?,
        seq: word()?.parse().map_err(|_| nonsense())?,
    };
    Ok(match is_member {
        true => Admission::Member(admitted),
        false => Admission::Open(admitted),
    })
}
