//! Reading the rooms of users from Redis: several users in few rooms at once, or
//! one in many.

use std::collections::{HashMap, HashSet};

use fred::interfaces::HashesInterface;
use rookery_protocol::{Role, RoomId, UserId, server_frame::RoomRow};

use super::UserAsked;
use crate::{
    Partition, StoreError,
    redis::{
        append_call::text,
        failure,
        grouping::Grouping,
        heads::{self, RoomState},
        keys,
        link::Link,
        people,
        read::number,
        script::Script,
    },
};

/// A call that has read so many rooms reads no more users.
const ROOMS_PER_CALL: u64 = 1_000;
/// Whoever is in more rooms is read by calls of their own.
const FEW: u64 = 100;

/// What became of a call.
pub(super) enum Done {
    Together {
        /// These are answered.
        answered: Vec<UserId>,
        /// These are in many rooms.
        many: Vec<(UserAsked, u64)>,
        /// These were too many for the call.
        left: Vec<UserAsked>,
    },
    /// This one is answered.
    Alone(UserId),
}

/// Carries out calls.
#[derive(Clone)]
pub(super) struct Reader {
    pub(super) link: Link,
    /// At most so many rooms of a user are given; 0 is no limit.
    pub(super) most: u64,
}

/// What a call says of a user.
enum Entries {
    /// Each room, ascending, and up to where they have looked.
    Rooms(Vec<(RoomId, u64)>),
    /// They are in so many that they are not read here.
    Many(u64),
}

impl Reader {
    /// Reads users who are in few rooms, as many of them as take little time.
    pub(super) async fn read_together(self, wanted: Vec<UserAsked>) -> Done {
        let mut done = (Vec::new(), Vec::new());
        let mut wanted = wanted.into_iter();
        match self.entries(wanted.as_slice()).await {
            Ok(entries) => {
                let mut few = Vec::new();
                for (entries, wanted) in entries.into_iter().zip(wanted.by_ref()) {
                    match entries {
                        Entries::Rooms(entries) => few.push((wanted, entries)),
                        Entries::Many(rooms) => done.1.push((wanted, rooms)),
                    }
                }
                done.0 = self.answer(few).await;
            }
            Err(error) => {
                for wanted in wanted.by_ref() {
                    done.0.push(wanted.user.clone());
                    wanted.answer(&Err(error.clone()));
                }
            }
        }
        Done::Together {
            answered: done.0,
            many: done.1,
            left: wanted.collect(),
        }
    }

    /// Reads one user who is in many rooms.
    pub(super) async fn read_alone(self, wanted: UserAsked, rooms: u64) -> Done {
        let user = wanted.user.clone();
        match self.entries_of_one(&user, rooms).await {
            Ok(entries) => drop(self.answer(vec![(wanted, entries)]).await),
            Err(error) => wanted.answer(&Err(error)),
        }
        Done::Alone(user)
    }

    /// What the first of these users are members of; of at least one.
    async fn entries(&self, wanted: &[UserAsked]) -> Result<Vec<Entries>, StoreError> {
        let of = |wanted: &UserAsked| Partition::of_user(&wanted.user);
        let wanted = match (self.link.current()?.grouping(), wanted) {
            (Grouping::ByPartition, [first, ..]) => {
                let together = wanted
                    .iter()
                    .take_while(|other| of(other) == of(first))
                    .count();
                &wanted[..together]
            }
            _ => wanted,
        };
        let keys = wanted
            .iter()
            .map(|wanted| keys::rooms_of_user(&wanted.user).into());
        let args = vec![number(FEW), number(ROOMS_PER_CALL)];
        let mut answer = self
            .link
            .ask(
                "a list of memberships",
                Script::Members,
                keys.collect(),
                args,
            )
            .await?;
        let mut all = Vec::with_capacity(wanted.len());
        while !answer.is_empty() {
            let count = answer.number()?;
            if count > FEW {
                all.push(Entries::Many(count));
                continue;
            }
            let mut entries = Vec::new();
            for _ in 0..count {
                let (room, read) = (answer.text()?, answer.number()?);
                entries.extend(RoomId::new(room).ok().map(|room| (room, read)));
            }
            entries.sort_unstable();
            all.push(Entries::Rooms(entries));
        }
        if all.is_empty() {
            return Err(failure::nonsense("a list of memberships"));
        }
        Ok(all)
    }

    async fn entries_of_one(
        &self,
        user: &UserId,
        rooms: u64,
    ) -> Result<Vec<(RoomId, u64)>, StoreError> {
        let connection = self.link.current()?;
        let (client, key) = (connection.client(), keys::rooms_of_user(user));
        let entries: Vec<(String, u64)> = if self.most != 0 && rooms > self.most {
            let most = i64::try_from(self.most).unwrap_or(i64::MAX);
            connection
                .run(client.hrandfield(key, Some((most, true))))
                .await?
        } else {
            connection.run(client.hgetall(key)).await?
        };
        let entries = entries.into_iter();
        let mut entries: Vec<_> = entries
            .filter_map(|(room, read)| Some((RoomId::new(room).ok()?, read)))
            .collect();
        entries.sort_unstable();
        Ok(entries)
    }

    /// Answers for users whose entries are known, and says for whom. Rooms that are
    /// gone are left out and forgotten.
    async fn answer(&self, users: Vec<(UserAsked, Vec<(RoomId, u64)>)>) -> Vec<UserId> {
        let answered = users
            .iter()
            .map(|(wanted, _)| wanted.user.clone())
            .collect();
        let rooms: HashSet<&RoomId> = users
            .iter()
            .flat_map(|(_, entries)| entries)
            .map(|(room, _)| room)
            .collect();
        let rooms: Vec<RoomId> = rooms.into_iter().cloned().collect();
        let states = match heads::read(&self.link, &rooms).await {
            Ok(states) => states,
            Err(error) => {
                for (wanted, _) in users {
                    wanted.answer(&Err(error.clone()));
                }
                return answered;
            }
        };
        let states: HashMap<&RoomId, Option<RoomState>> = rooms.iter().zip(states).collect();
        let ranks = match self.ranks(&users, &states).await {
            Ok(ranks) => ranks,
            Err(error) => {
                for (wanted, _) in users {
                    wanted.answer(&Err(error.clone()));
                }
                return answered;
            }
        };
        let mut forgetful = Vec::new();
        for (wanted, entries) in users {
            let (mut rows, mut gone) = (Vec::with_capacity(entries.len()), Vec::new());
            for (room, read) in entries {
                let Some(state) = states.get(&room).and_then(Option::as_ref) else {
                    gone.push((room, read));
                    continue;
                };
                let role = match state.has_people_of_note {
                    // Whoever is no member of it any more is not told of it.
                    true => people::role(
                        ranks
                            .get(&(wanted.user.clone(), room.clone()))
                            .copied()
                            .unwrap_or(0),
                    ),
                    false => Some(Role::Member),
                };
                if let Some(role) = role {
                    rows.push(row(room, state, role, read));
                }
            }
            if gone.is_empty() {
                wanted.answer(&Ok(rows));
            } else {
                forgetful.push((wanted, rows, gone));
            }
        }
        // Whoever has rooms to forget holds up nobody else.
        for (wanted, rows, gone) in forgetful {
            let forgotten = self.forget(&wanted.user, &gone).await;
            wanted.answer(&forgotten.map(|()| rows));
        }
        answered
    }

    /// What users are in those of their rooms where that has to be looked up.
    async fn ranks(
        &self,
        users: &[(UserAsked, Vec<(RoomId, u64)>)],
        states: &HashMap<&RoomId, Option<RoomState>>,
    ) -> Result<HashMap<(UserId, RoomId), u64>, StoreError> {
        let is_of_note = |room: &RoomId| {
            let state = states.get(room).and_then(Option::as_ref);
            state.is_some_and(|state| state.has_people_of_note)
        };
        let asked = users.iter().flat_map(|(wanted, entries)| {
            let rooms = entries.iter().map(|(room, _)| room);
            rooms.map(move |room| (&wanted.user, room))
        });
        let asked: Vec<_> = asked.filter(|(_, room)| is_of_note(room)).collect();
        let mut ranks = HashMap::new();
        if asked.is_empty() {
            return Ok(ranks);
        }
        let grouping = self.link.current()?.grouping();
        for group in grouping.split(&asked, |(_, room)| Partition::of_room(room)) {
            for group in group.chunks(heads::ROOMS_PER_CALL) {
                let keys = group
                    .iter()
                    .map(|(_, (_, room))| keys::members(room).into());
                let args = group.iter().map(|(_, (user, _))| text(user.as_str()));
                let mut answer = self
                    .link
                    .ask(
                        "what users are in rooms",
                        Script::Ranks,
                        keys.collect(),
                        args.collect(),
                    )
                    .await?;
                for (_, (user, room)) in group {
                    ranks.insert(((*user).clone(), (*room).clone()), answer.number()?);
                }
            }
        }
        Ok(ranks)
    }

    /// Ends the memberships in rooms that were gone.
    async fn forget(&self, user: &UserId, gone: &[(RoomId, u64)]) -> Result<(), StoreError> {
        for gone in gone.chunks(heads::ROOMS_PER_CALL) {
            let keys = vec![keys::rooms_of_user(user).into()];
            let args = gone
                .iter()
                .flat_map(|(room, read)| [text(room.as_str()), number(*read)]);
            let connection = self.link.current()?;
            connection
                .call(Script::ForgetRooms, keys, args.collect())
                .await?;
        }
        Ok(())
    }
}

fn row(room: RoomId, state: &RoomState, role: Role, read: u64) -> RoomRow {
    RoomRow {
        room,
        kind: state.kind,
        name: state.name.clone(),
        role: Some(role),
        seq: state.head.seq,
        read,
        unread: state.head.seq.saturating_sub(read),
        last_ts: state.ts,
    }
}
