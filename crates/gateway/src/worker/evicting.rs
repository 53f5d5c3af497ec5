//! Connections that are taken out of a room because their user is a member no more.

use std::rc::Rc;

use rookery_chat::delivery::ConnectionKey;
use rookery_protocol::{RoomId, UserId};

use super::{Connection, Worker};

/// Connections that were taken out of a room in this turn, before they were members: what
/// would make them members is in the inbox behind.
pub(super) type Evicted = Vec<(RoomId, ConnectionKey)>;

impl Worker {
    /// Takes all connections of a user out of a room, behind what was handed on there.
    pub(super) fn evict(&self, room: &RoomId, user: &UserId) {
        self.flush_room(room);
        for at in self.node.chat.connected.of(user) {
            if at.worker == self.inbox.number()
                && let Some(connection) = self.connection(at.connection)
            {
                self.evict_one(room, &connection);
            }
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
