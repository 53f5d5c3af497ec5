//! `typing`: told to the room, stored nowhere.

use std::rc::Rc;

use rookery_protocol::{RequestId, RoomId, User, encode};

use super::{RoomSeat, leave::not_here};
use crate::{socket::Connection, worker::Worker};

/// After how long a client forgets that somebody is typing if nothing more is heard.
const EXPIRES_MS: u64 = 6_000;

/// Tells the room's sessions here at once and those elsewhere by the shared channel.
pub(super) fn typing(
    id: Option<RequestId>,
    room: &RoomId,
    on: bool,
    user: &User,
    connection: &Rc<Connection>,
    worker: &Rc<Worker>,
) {
    let joined = connection
        .rooms
        .borrow()
        .iter()
        .any(|seat| *seat == (room.clone(), RoomSeat::Joined));
    if !joined {
        return connection.answer_or_refuse(id, Err(not_here(room)), worker);
    }
    let json = encode::typing(room, user, on, EXPIRES_MS);
    worker.hub.tell_everywhere(room, "typing", &json);
    connection.answer_or_refuse(id, Ok(()), worker);
}
