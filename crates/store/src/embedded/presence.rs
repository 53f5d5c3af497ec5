//! Who is in which room.

use std::sync::Arc;

use dashmap::{DashMap, Entry};
use rookery_protocol::{Envelope, RoomId, User, UserId, server_frame::Status};
use serde::Serialize;

use super::clock::RisingClock;
use crate::{BusEvent, Online, PresenceChange, UserMap, bus::BusFeed};

/// Who is in which room; rooms with nobody in them are not there.
#[derive(Debug, Default)]
pub(super) struct Presence {
    rooms: DashMap<RoomId, Users>,
    clock: RisingClock,
}

/// The names of users by their ids.
type Users = UserMap<Arc<str>>;

fn user((id, name): (&UserId, &Arc<str>)) -> User {
    User {
        id: id.clone(),
        name: Arc::clone(name),
    }
}

/// What clients get, and when it was so.
#[derive(Serialize)]
struct Data<'a> {
    r#type: &'static str,
    room: &'a RoomId,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a User>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    online_count: u64,
    at: u64,
}

impl Presence {
    /// Enters a change and publishes it if it is one: who comes or goes, or
    /// somebody's other name.
    pub(super) fn change(&self, change: &PresenceChange, feed: &BusFeed) {
        let PresenceChange { room, user, online } = change;
        // Published while the room is held, so that the bus has the order of the changes.
        match self.rooms.entry(room.clone()) {
            Entry::Vacant(_) if !online => {}
            Entry::Vacant(vacant) => {
                let mut users = Users::default();
                users.insert(user.id.clone(), user.name.clone());
                vacant.insert(users);
                self.publish(room, user, true, 1, feed);
            }
            Entry::Occupied(mut occupied) => {
                let users = occupied.get_mut();
                let before = match online {
                    true => users.insert(user.id.clone(), user.name.clone()),
                    false => users.remove_entry(&user.id).map(|(_, name)| name),
                };
                let count = users.len();
                let renamed = before.as_ref().is_some_and(|name| *name != user.name);
                let names_are_told = count <= Online::MOST_USERS;
                if before.is_some() != *online || (*online && renamed && names_are_told) {
                    // Whoever goes is told by the name that the others know.
                    let name = before.filter(|_| !online).unwrap_or(user.name.clone());
                    let user = User {
                        id: user.id.clone(),
                        name,
                    };
                    self.publish(room, &user, *online, count, feed);
                }
                if count == 0 {
                    occupied.remove();
                }
            }
        }
    }

    fn publish(&self, room: &RoomId, user: &User, online: bool, count: usize, feed: &BusFeed) {
        let told = (count <= Online::MOST_USERS).then_some(user);
        let status = match online {
            true => Status::Online,
            false => Status::Offline,
        };
        let data = Data {
            r#type: "presence",
            room,
            user: told,
            status: told.map(|_| status),
            online_count: count as u64,
            at: self.clock.next_us(),
        };
        if let Some(line) = line(room, &data) {
            feed.send(BusEvent::Payload(line.into()));
        }
    }

    /// Who is in a room.
    pub(super) fn online(&self, room: &RoomId) -> Online {
        // The room is held until the time is taken: see RisingClock.
        let users = self.rooms.get(room);
        let at = self.clock.next_us();
        match users {
            None => Online {
                at,
                ..Online::default()
            },
            Some(users) => Online {
                users: users.iter().take(Online::MOST_USERS).map(user).collect(),
                count: users.len() as u64,
                at,
            },
        }
    }

    /// How many are in a room.
    pub(super) fn count(&self, room: &RoomId) -> u64 {
        self.rooms.get(room).map_or(0, |users| users.len() as u64)
    }

    /// Whether nobody is in a room.
    pub(super) fn is_online(&self, room: &RoomId, user: &UserId) -> bool {
        let users = self.rooms.get(room);
        users.is_some_and(|users| users.get(user).is_some())
    }

    pub(super) fn is_empty(&self, room: &RoomId) -> bool {
        !self.rooms.contains_key(room)
    }

    /// What takes everybody out of every room.
    pub(super) fn everybody_goes(&self) -> Vec<PresenceChange> {
        let mut changes = Vec::new();
        for room in &self.rooms {
            changes.extend(room.iter().map(|entry| PresenceChange {
                room: room.key().clone(),
                user: user(entry),
                online: false,
            }));
        }
        changes
    }
}

/// The envelope of a presence event.
fn line(room: &RoomId, data: &Data<'_>) -> Option<String> {
    // Strings and numbers into memory: this gives `None` only in theory.
    let data = serde_json::value::to_raw_value(data).ok()?;
    let mut payload = Vec::new();
    Envelope {
        server_id: Envelope::STORE.into(),
        kind: "presence".into(),
        room: Some(room.as_str().into()),
        epoch: None,
        seq: None,
        expires_at: None,
        data: &data,
    }
    .write_line(&mut payload);
    String::from_utf8(payload).ok()
}
