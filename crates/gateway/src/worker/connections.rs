//! The connections that a worker owns.

use std::rc::Rc;

use rookery_chat::delivery::ConnectionKey;
use slotmap::SlotMap;

use super::{Connection, Worker};

pub(super) type Connections = SlotMap<ConnectionKey, Rc<Connection>>;

impl Worker {
    /// Takes a connection in, made with the key that it gets.
    pub(crate) fn admit(&self, make: impl FnOnce(ConnectionKey) -> Connection) -> Rc<Connection> {
        let mut connections = self.connections.borrow_mut();
        let key = connections.insert_with_key(|key| Rc::new(make(key)));
        let connection = Rc::clone(&connections[key]);
        drop(connections);
        if self.draining.get() {
            connection.drain_after(0);
        }
        self.watch(&connection);
        connection
    }

    /// Forgets a connection that has ended.
    pub(crate) fn dismiss(&self, connection: &Connection) {
        self.connections.borrow_mut().remove(connection.key);
    }

    pub(super) fn connection(&self, key: ConnectionKey) -> Option<Rc<Connection>> {
        self.connections.borrow().get(key).map(Rc::clone)
    }

    /// Every connection, collected first so that each may be dismissed meanwhile.
    pub(super) fn all_connections(&self) -> Vec<Rc<Connection>> {
        self.connections.borrow().values().map(Rc::clone).collect()
    }
}
