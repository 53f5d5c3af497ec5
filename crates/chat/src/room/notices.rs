//! What a room's members are still to be told of who is here and who writes.
//!
//! It is told together, and only so often: a hundred members that come back at
//! once cost each of them a few writes, not a hundred. Of each user only the
//! latest waits, and what cancels out while it waits is not told at all.

use std::time::Duration;

use bytes::Bytes;
use indexmap::{IndexMap, map::Entry};
use rookery_protocol::{RoomId, User, UserId, encode, server_frame::Status};

use super::Roster;
use crate::delivery::Push;

/// How often a room is told.
const SPAN: Duration = Duration::from_millis(200);
/// How often one in which there are too many to name.
const SPAN_OF_BIG: Duration = Duration::from_secs(1);
/// For each who is there, where that comes to more: telling a number to a
/// hundred thousand people must not be what the nodes are busy with.
const SPAN_EACH: Duration = Duration::from_micros(50);
const LONGEST_SPAN: Duration = Duration::from_secs(60);
/// How often a room is told of everybody who is there: one that has just so many that they
/// can be named may become too big and be small again many times.
pub(super) const SPAN_OF_LISTS: Duration = Duration::from_secs(5);

/// What waits in one room.
#[derive(Debug, Default)]
pub(super) struct Notices {
    /// Who came or went.
    users: IndexMap<UserId, Change>,
    /// Who writes, as finished JSON.
    typing: IndexMap<UserId, Bytes>,
    /// The number of people changed.
    count: bool,
    /// All who are there are to be named.
    everybody: bool,
}

#[derive(Debug)]
struct Change {
    user: User,
    status: Status,
    /// The members do not all know the same of this user, since somebody came
    /// in meanwhile: then it is told whatever it is.
    mixed: bool,
}

impl Notices {
    /// A user came or went. Two changes that cancel out are none, where all
    /// members know the same.
    pub(super) fn user(&mut self, user: User, status: Status) {
        match self.users.entry(user.id.clone()) {
            Entry::Occupied(waits)
                if waits.get().status != status
                    && !waits.get().mixed
                    && waits.get().user == user =>
            {
                waits.shift_remove();
            }
            Entry::Occupied(mut waits) => {
                let mixed = true;
                waits.insert(Change {
                    user,
                    status,
                    mixed,
                });
            }
            Entry::Vacant(place) => {
                let mixed = false;
                place.insert(Change {
                    user,
                    status,
                    mixed,
                });
            }
        }
    }

    /// A user who is here has another name. Even where the members were not told
    /// yet that they are here, they must hear it when these go.
    pub(super) fn name(&mut self, user: User) {
        let change = Change {
            status: Status::Online,
            mixed: true,
            user,
        };
        self.users.insert(change.user.id.clone(), change);
    }

    /// The number of people changed.
    pub(super) fn count(&mut self) {
        self.count = true;
    }

    /// All who are there are to be named: what the members know may be wrong.
    pub(super) fn everybody(&mut self) {
        self.everybody = true;
    }

    pub(super) fn names_everybody(&self) -> bool {
        self.everybody
    }

    /// Takes that out, for another time; whether it was there.
    pub(super) fn put_off_everybody(&mut self) -> bool {
        std::mem::take(&mut self.everybody)
    }

    /// A user writes, or no longer does.
    pub(super) fn typing(&mut self, user: UserId, json: Bytes) {
        self.typing.insert(user, json);
    }

    /// Somebody is shown who is here.
    pub(super) fn show(&mut self) {
        for change in self.users.values_mut() {
            change.mixed = true;
        }
    }

    /// All of it, in the order in which it is to be told.
    pub(super) fn told(&self, room: &RoomId, roster: &mut Roster) -> Vec<Notice> {
        let count = roster.count();
        let mut told = Vec::new();
        let named = !roster.is_big() && !self.users.is_empty();
        if self.everybody && roster.has_everybody() {
            let all = encode::presence_of_all(room, &roster.users_json(), count);
            told.push(Notice::Presence(all.into()));
        } else if !named && (self.count || self.everybody || !self.users.is_empty()) {
            told.push(Notice::Presence(encode::presence_count(room, count).into()));
        } else if named {
            told.extend(self.users.values().map(|change| {
                let Change { user, status, .. } = change;
                Notice::Presence(encode::presence(room, user, *status, count).into())
            }));
        }
        told.extend(self.typing.values().cloned().map(Notice::Typing));
        told
    }
}

/// One thing that is told, as JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Notice {
    Presence(Bytes),
    Typing(Bytes),
}

impl Notice {
    pub(super) fn push(&self) -> Push<'_> {
        match self {
            Self::Presence(json) => Push::Presence(json),
            Self::Typing(json) => Push::Typing(json),
        }
    }
}

/// How often a room is told at most.
pub(super) fn span(roster: &Roster) -> Duration {
    if !roster.is_big() {
        return SPAN;
    }
    let people = u32::try_from(roster.count()).unwrap_or(u32::MAX);
    SPAN_EACH
        .saturating_mul(people)
        .clamp(SPAN_OF_BIG, LONGEST_SPAN)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use rookery_protocol::server_frame::ServerFrame;
    use rookery_store::Online;

    use super::*;
    use crate::room::Absence;

    fn user(name: &str) -> User {
        User {
            id: UserId::new(name).unwrap(),
            name: name.into(),
        }
    }

    fn roster(count: u64) -> Roster {
        let mut roster = Roster::default();
        let online = Online {
            count,
            ..Online::default()
        };
        roster.load(online, Absence::Left);
        roster
    }

    /// What members are told, in a word each.
    fn told(notices: &Notices, count: u64) -> Vec<String> {
        let told = notices.told(&RoomId::new("r").unwrap(), &mut roster(count));
        let in_a_word =
            |notice: &Notice| match serde_json::from_slice(notice.push().json()).unwrap() {
                ServerFrame::Presence(presence) => {
                    assert_eq!(presence.online_count, count);
                    let who = presence.user.zip(presence.status);
                    match (who, presence.online) {
                        (Some((user, status)), None) => format!("{} {status:?}", user.id),
                        (None, Some(all)) => format!("all {}", all.len()),
                        _ => "count".into(),
                    }
                }
                ServerFrame::Typing(typing) => format!("{} types {}", typing.user.id, typing.on),
                other => panic!("{other:?}"),
            };
        told.iter().map(in_a_word).collect()
    }

    proptest! {
        /// Whoever is shown the room and then told what follows knows who is there.
        #[test]
        fn all_know_who_is_there(
            steps in prop::collection::vec((0..5u8, 0..4u8, any::<bool>()), 0..100),
        ) {
            let mut notices = Notices::default();
            let mut there = BTreeSet::new();
            let mut clients: Vec<BTreeSet<String>> = Vec::new();
            for (what, who, rename) in steps.into_iter().chain([(0, 0, false)]) {
                let name = format!("u{who}");
                match what {
                    0 => {
                        for told in told(&std::mem::take(&mut notices), 4) {
                            let (user, status) = told.split_once(' ').unwrap();
                            for client in &mut clients {
                                match status {
                                    "Online" => _ = client.insert(user.to_owned()),
                                    _ => _ = client.remove(user),
                                }
                            }
                        }
                    }
                    1 => {
                        notices.show();
                        clients.push(there.clone());
                    }
                    _ => {
                        let status = match there.remove(&name) {
                            true => Status::Offline,
                            false => {
                                there.insert(name.clone());
                                Status::Online
                            }
                        };
                        let shown_name = if rename { "another" } else { &*name };
                        notices.user(User { name: shown_name.into(), ..user(&name) }, status);
                    }
                }
            }
            for client in clients {
                prop_assert_eq!(&client, &there);
            }
        }
    }

    #[test]
    fn what_cancels_out_is_not_told() {
        let mut notices = Notices::default();
        notices.user(user("a"), Status::Offline);
        notices.user(user("b"), Status::Online);
        notices.user(user("a"), Status::Online);
        assert_eq!(told(&notices, 2), ["b Online"]);
    }

    #[test]
    fn what_somebody_was_shown_is_not_taken_back_silently() {
        let mut notices = Notices::default();
        notices.user(user("a"), Status::Online);
        notices.show();
        notices.user(user("a"), Status::Offline);
        assert_eq!(told(&notices, 1), ["a Offline"]);
    }

    #[test]
    fn who_goes_by_another_name_is_known_to_be_gone() {
        let mut notices = Notices::default();
        let name = "Anna".into();
        let anna = User { name, ..user("a") };
        notices.name(anna.clone());
        notices.user(anna, Status::Offline);
        assert_eq!(told(&notices, 1), ["a Offline"]);
    }

    #[test]
    fn another_name_is_told() {
        let mut notices = Notices::default();
        notices.user(user("a"), Status::Offline);
        let name = "Anna".into();
        notices.user(User { name, ..user("a") }, Status::Online);
        assert_eq!(told(&notices, 1), ["a Online"]);
    }

    #[test]
    fn everybody_takes_the_place_of_each() {
        let mut notices = Notices::default();
        notices.user(user("a"), Status::Online);
        notices.count();
        notices.everybody();
        assert_eq!(told(&notices, 2), ["all 0"]);
        assert_eq!(told(&notices, 201), ["count"], "too many again");
        assert!(notices.put_off_everybody());
        assert_eq!(told(&notices, 2), ["a Online"]);
    }

    #[test]
    fn a_big_room_is_told_its_number_once() {
        let mut notices = Notices::default();
        notices.user(user("a"), Status::Online);
        notices.count();
        notices.count();
        assert_eq!(told(&notices, 201), ["count"]);
    }

    #[test]
    fn only_the_latest_of_each_who_types_is_told() {
        let mut notices = Notices::default();
        let room = RoomId::new("r").unwrap();
        for (name, on) in [("a", true), ("b", true), ("a", false)] {
            let json = encode::typing(&room, &user(name), on, 6000);
            notices.typing(user(name).id, json.into());
        }
        assert_eq!(told(&notices, 2), ["a types false", "b types true"]);
    }
}
