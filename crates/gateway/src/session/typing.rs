//! `typing`: told to the room, stored nowhere.

use std::rc::Rc;

use rookery_protocol::{RequestId, RoomId, User};

use super::leave::not_here;
use crate::{socket::Connection, worker::Worker};

/// Has the room's sessions told, here and on the other nodes.
pub(super) fn typing(
    id: Option<RequestId>,
    room: &RoomId,
    on: bool,
    user: &User,
    connection: &Rc<Connection>,
    worker: &Rc<Worker>,
) {
    if !connection.has_joined(room) {
        return connection.answer_or_refuse(id, Err(not_here(room)), worker);
    }
    worker.hub.typing(room, user, on);
    connection.answer_or_refuse(id, Ok(()), worker);
}
