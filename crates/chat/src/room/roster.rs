//! Who is in a room, as this node last heard.
//!
//! Loaded once from the store and kept up by the presence events of the shared
//! channel, so that a thousand joins ask the store once. In a big room only the
//! number is kept, and for a moment some of those who were there.

use std::time::Duration;

use bytes::Bytes;
use rookery_protocol::{User, encode, server_frame::Status};
use rookery_store::Online;

use super::named::Named;
use crate::clock::Moment;

/// For how long those are shown to newcomers who were seen in a big room: nobody
/// hears which of them go.
const SOME_ARE_SHOWN_FOR: Duration = Duration::from_secs(2);

/// One coming or going, as the shared channel tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Transition {
    /// Who and which way; in a big room the store does not say.
    pub(crate) who: Option<(User, Status)>,
    /// How many are there now.
    pub(crate) online_count: u64,
    /// When, by the store's clock in microseconds.
    pub(crate) at: u64,
}

/// What the room's sessions are to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RosterChange {
    /// This user came or went.
    User(User, Status),
    /// This user, who was there before, has another name.
    Name(User),
    /// The number changed, in a big room.
    Count,
    /// They can be named again, and what the sessions know of them may be wrong.
    Everybody,
}

/// What it means that somebody whom the node knew to be there is not in the store's picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Absence {
    /// They have left.
    Left,
    /// The store may have forgotten them, and hear of them again in a moment.
    PerhapsForgotten,
}

/// The node's picture of who is there.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    /// `None` until loaded, and while too many are there to list.
    users: Option<Named>,
    /// The same as JSON, once somebody needed it.
    json: Option<Box<Bytes>>,
    /// Some of those who were in a big room, as JSON, and when.
    some: Option<Box<(Bytes, Moment)>>,
    count: u64,
    at: u64,
    loaded: bool,
}

impl Roster {
    /// Whether the picture is to be asked for: never loaded, or small again
    /// after it was too big to list.
    pub(crate) fn is_stale(&self) -> bool {
        !self.loaded || (self.users.is_none() && !self.is_big())
    }

    /// Whether somebody who comes in needs the picture to be asked for: it is stale,
    /// or nobody can be named of a big room.
    pub(crate) fn is_wanting(&self) -> bool {
        let fresh = |some: &(Bytes, Moment)| some.1.elapsed() < SOME_ARE_SHOWN_FOR;
        self.is_stale() || (self.users.is_none() && !self.some.as_deref().is_some_and(fresh))
    }

    /// Whether all who are there are known.
    pub(super) fn has_everybody(&self) -> bool {
        self.users.is_some()
    }

    /// How many are there.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Those who are there, as a list in JSON; some of them where there are too
    /// many. Made once for all who come in before the next change.
    pub(crate) fn users_json(&mut self) -> Bytes {
        if let (None, Some(some)) = (&self.users, &self.some) {
            return some.0.clone();
        }
        let users = &self.users;
        let all = users.iter().flat_map(Named::all);
        let list = || Box::new(encode::users(all).into());
        let json: &Bytes = self.json.get_or_insert_with(list);
        json.clone()
    }

    /// Lets go of what can be made again: nobody came in for a while.
    pub(super) fn let_go(&mut self) {
        self.json = None;
    }

    /// Whether the node has heard of something later than this picture.
    pub(crate) fn is_ahead_of(&self, online: &Online) -> bool {
        self.at > online.at
    }

    /// Whether there are too many to list.
    pub(super) fn is_big(&self) -> bool {
        self.count > Online::MOST_USERS as u64
    }

    /// Takes the store's picture and says what differs from the one before.
    pub(crate) fn load(&mut self, mut online: Online, absence: Absence) -> Vec<RosterChange> {
        if absence == Absence::PerhapsForgotten {
            self.add_missing(&mut online);
        }
        let first = !self.loaded;
        let count_changed = self.count != online.count;
        self.loaded = true;
        self.json = None;
        self.at = online.at;
        self.count = online.count;
        self.some = self
            .is_big()
            .then(|| Box::new((encode::users(&online.users).into(), Moment::now())));
        let now = (!self.is_big()).then(|| Named::of(online.users));
        let before = std::mem::replace(&mut self.users, now);
        match (&before, &self.users) {
            _ if first => Vec::new(),
            (None, Some(_)) => vec![RosterChange::Everybody],
            (Some(before), Some(now)) => {
                let came = now
                    .all()
                    .iter()
                    .filter_map(|user| match before.get(&user.id) {
                        None => Some(RosterChange::User(user.clone(), Status::Online)),
                        Some(before) => (before != user).then(|| RosterChange::Name(user.clone())),
                    });
                let went = before
                    .all()
                    .iter()
                    .filter(|user| now.get(&user.id).is_none());
                came.chain(went.map(|user| RosterChange::User(user.clone(), Status::Offline)))
                    .collect()
            }
            _ if count_changed => vec![RosterChange::Count],
            _ => Vec::new(),
        }
    }

    /// Adds to a picture whoever is missing there. A big room's says nothing of whom it does not show.
    fn add_missing(&self, online: &mut Online) {
        let Some(before) = &self.users else { return };
        if online.users.len() as u64 != online.count {
            return;
        }
        let shown = Named::of(std::mem::take(&mut online.users));
        let missing = before
            .all()
            .iter()
            .filter(|user| shown.get(&user.id).is_none());
        let missing: Vec<_> = missing.cloned().collect();
        online.users = shown.into_vec();
        online.users.extend(missing);
        online.count = online.users.len() as u64;
    }

    /// Takes what the shared channel tells; `None` where it says nothing new.
    pub(crate) fn apply(&mut self, transition: Transition) -> Option<RosterChange> {
        if transition.at <= self.at {
            return None;
        }
        self.at = transition.at;
        if !self.loaded {
            return None;
        }
        self.count = transition.online_count;
        self.json = None;
        if self.is_big() {
            self.users = None;
            return Some(RosterChange::Count);
        }
        let Some((user, status)) = transition.who else {
            // The store saw a big room; the picture has to be asked for again.
            self.users = None;
            return Some(RosterChange::Count);
        };
        if let Some(users) = &mut self.users {
            return match status {
                Status::Online => match users.put(user.clone()) {
                    None => Some(RosterChange::User(user, status)),
                    Some(before) => (before != user).then_some(RosterChange::Name(user)),
                },
                Status::Offline => {
                    let was_there = users.remove(&user.id);
                    was_there.then_some(RosterChange::User(user, status))
                }
            };
        }
        Some(RosterChange::User(user, status))
    }
}

#[cfg(test)]
mod tests {
    use rookery_protocol::UserId;

    use super::*;

    fn user(name: &str) -> User {
        User {
            id: UserId::new(name).unwrap(),
            name: name.into(),
        }
    }

    fn online(names: &[&str], at: u64) -> Online {
        Online {
            users: names.iter().map(|name| user(name)).collect(),
            count: names.len() as u64,
            at,
        }
    }

    /// Who stands in the list that clients get.
    fn listed(roster: &mut Roster) -> Vec<String> {
        let users: Vec<User> = serde_json::from_slice(&roster.users_json()).unwrap();
        let mut ids: Vec<_> = users.iter().map(|user| user.id.to_string()).collect();
        ids.sort();
        ids
    }

    fn transition(name: &str, status: Status, online_count: u64, at: u64) -> Transition {
        Transition {
            who: Some((user(name), status)),
            online_count,
            at,
        }
    }

    #[test]
    fn what_is_older_than_the_picture_says_nothing() {
        let mut roster = Roster::default();
        assert!(roster.is_stale());
        assert_eq!(
            roster.apply(transition("a", Status::Online, 1, 5)),
            None,
            "not loaded"
        );
        assert!(
            roster.is_ahead_of(&online(&[], 4)),
            "it misses what was just heard"
        );
        assert_eq!(roster.load(online(&["a"], 10), Absence::Left), []);
        assert_eq!(roster.apply(transition("a", Status::Offline, 0, 10)), None);
        assert_eq!(
            roster.apply(transition("b", Status::Online, 2, 11)),
            Some(RosterChange::User(user("b"), Status::Online))
        );
        assert_eq!(roster.count(), 2);
        assert!(!roster.is_stale());
    }

    #[test]
    fn loading_again_tells_the_difference() {
        let mut roster = Roster::default();
        roster.load(online(&["a", "b"], 1), Absence::Left);
        assert_eq!(
            roster.load(online(&["b", "c"], 2), Absence::Left),
            [
                RosterChange::User(user("c"), Status::Online),
                RosterChange::User(user("a"), Status::Offline)
            ]
        );
        assert_eq!(roster.load(online(&["b", "c"], 3), Absence::Left), []);
    }

    #[test]
    fn who_is_perhaps_forgotten_stays_until_it_is_sure() {
        let mut roster = Roster::default();
        roster.load(online(&["a", "b", "c"], 1), Absence::Left);
        assert_eq!(
            roster.load(online(&["d"], 2), Absence::PerhapsForgotten),
            [RosterChange::User(user("d"), Status::Online)]
        );
        assert_eq!(listed(&mut roster), ["a", "b", "c", "d"]);
        assert_eq!(roster.count(), 4);
        assert_eq!(roster.apply(transition("a", Status::Online, 2, 3)), None);
        assert_eq!(
            roster.apply(transition("b", Status::Offline, 2, 4)),
            Some(RosterChange::User(user("b"), Status::Offline))
        );
        assert_eq!(
            roster.load(online(&["a", "d"], 5), Absence::Left),
            [RosterChange::User(user("c"), Status::Offline)]
        );
    }

    #[test]
    fn a_big_room_is_only_counted_and_listed_again_when_small() {
        let mut roster = Roster::default();
        roster.load(online(&["a"], 1), Absence::Left);
        assert_eq!(
            roster.apply(Transition {
                who: None,
                online_count: 201,
                at: 2
            }),
            Some(RosterChange::Count)
        );
        assert!(!roster.is_stale() && roster.is_wanting());
        let crowd = Online {
            count: 201,
            ..online(&["a", "b"], 3)
        };
        assert_eq!(roster.load(crowd, Absence::Left), []);
        assert_eq!(listed(&mut roster), ["a", "b"], "some of them");
        assert!(!roster.is_wanting());
        roster.apply(transition("x", Status::Offline, 200, 4));
        assert!(roster.is_stale() && roster.is_wanting());
        assert_eq!(
            roster.load(online(&["a", "b"], 5), Absence::Left),
            [RosterChange::Everybody]
        );
        assert_eq!(listed(&mut roster), ["a", "b"]);
        roster.apply(transition("b", Status::Offline, 1, 6));
        assert_eq!(listed(&mut roster), ["a"]);
    }
}
