//! Connections that are taken out of a room because their user is a member no more.

use std::rc::Rc;

use rookery_chat::delivery::ConnectionKey;
use rookery_protocol::{RoomId, UserId};
use rookery_store::Admission;

use super::{Connection, Worker};
use crate::wire;

/// Connections that were taken out of a room in this turn, before they were members: what
/// would make them members is in the inbox behind.
pub(super) type Evicted = Vec<(RoomId, ConnectionKey)>;

impl Worker {
    /// Takes all connections of a user out of a room, behind what was handed on there.
    pub(super) fn evict(&self, room: &RoomId, user: &UserId) {
        self.flush_room(room);
        for connection in self.connections_of(user) {
            self.evict_one(room, &connection);
        }
    }

    fn connections_of(&self, user: &UserId) -> Vec<Rc<Connection>> {
        let all = self.node.chat.connected.of(user).into_iter();
        let here = all.filter(|at| at.worker == self.inbox.number());
        here.filter_map(|at| self.connection(at.connection))
            .collect()
    }

    /// Takes the connections of a user who left, on whatever connection, out of a room, and
    /// tells them. They may have come back since: those that are in it now go where the store,
    /// asked behind that, knows of no membership.
    pub(super) fn take_out_who_left(self: &Rc<Self>, room: RoomId, user: UserId) {
        let connections = self.connections_of(&user);
        let seated = |connection: &Rc<Connection>| {
            let seat = connection.session.get()?.seat_in(&room)?;
            Some((Rc::clone(connection), seat))
        };
        let seated: Vec<_> = connections.iter().filter_map(seated).collect();
        if seated.is_empty() {
            return self.tell_who_left(&room, &connections);
        }
        let worker = Rc::clone(self);
        actix_rt::spawn(async move {
            let admission = worker.node.chat.store.admit(&room, &user, false).await;
            if matches!(admission, Ok(Admission::Member(_))) {
                return;
            }
            worker.flush_room(&room);
            for (connection, seat) in seated {
                let session = connection.session.get();
                if session.is_some_and(|session| session.evict_from(&room, seat)) {
                    worker.remove_member(&room, connection.key);
                }
            }
            worker.tell_who_left(&room, &connections);
            worker.flush_answers();
        });
    }

    fn tell_who_left(&self, room: &RoomId, connections: &[Rc<Connection>]) {
        let told = wire::left(room);
        for connection in connections {
            connection.answer(told.clone(), self);
        }
    }

    /// Takes everybody out of a room that is gone, also who is just coming in.
    pub(super) fn evict_all(&self, room: &RoomId) {
        self.flush_room(room);
        for connection in self.all_connections() {
            let session = connection.session.get();
            if session.is_some_and(|session| session.is_in(room)) {
                self.evict_one(room, &connection);
            }
        }
    }

    fn evict_one(&self, room: &RoomId, connection: &Rc<Connection>) {
        let session = connection.session.get();
        if session.is_some_and(|session| session.evict(room)) {
            self.remove_member(room, connection.key);
            let evicted = (room.clone(), connection.key);
            self.evicted.borrow_mut().push(evicted);
        }
    }

    /// Whether a connection that is to become a member was taken out meanwhile.
    pub(super) fn was_evicted(&self, room: &RoomId, connection: &Connection) -> bool {
        let evicted = self.evicted.borrow();
        let mut evicted = evicted.iter();
        let is_gone = evicted.any(|(other, key)| other == room && *key == connection.key);
        let session = connection.session.get();
        is_gone && !session.is_some_and(|session| session.is_in(room))
    }
}
