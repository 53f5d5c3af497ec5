//! `leave`, and leaving everything when a connection ends.

use std::rc::Rc;

use futures_util::FutureExt;
use rookery_protocol::{ErrorCode, RequestId, RoomId, encode, websocket};

use super::{Refusal, RoomSeat};
use crate::{
    socket::Connection,
    worker::{Instruction, Worker},
};

/// Ends receiving at once, and the membership in the store behind whatever was
/// asked before. Leaving a room that the connection is not in ends the
/// membership all the same: another tab may have joined it.
pub(super) fn leave(
    id: Option<RequestId>,
    room: RoomId,
    connection: &Rc<Connection>,
    worker: &Rc<Worker>,
) {
    let Some(session) = connection.session.get() else {
        return;
    };
    let user = session.user.clone();
    // A join that is being carried out finds its seat gone.
    if connection.leave_seat(&room) == Some(RoomSeat::Joined) {
        connection.step_out(&room, worker);
    }
    let in_flight = connection.begin_writing();
    let (connection, worker) = (Rc::clone(connection), Rc::clone(worker));
    let mut leaving = Box::pin(async move {
        let forgotten = worker.hub.store.forget_member(&user.id, &room).await;
        match forgotten {
            Ok(()) => connection.answer_left(id, &worker),
            Err(error) => connection.refuse(id, Refusal::from(error), &worker),
        }
        drop(in_flight);
    });
    // The first look at it puts it into the store's queue, in the order of the frames.
    if leaving.as_mut().now_or_never().is_none() {
        actix_rt::spawn(leaving);
    }
}

impl Connection {
    /// Stops receiving.
    fn step_out(&self, room: &RoomId, worker: &Worker) {
        worker.tell_oneself(Instruction::Detach {
            room: room.clone(),
            connection: self.key,
        });
        depart(self, room, true, worker);
    }

    /// Behind the answer nothing of the room comes.
    fn answer_left(&self, id: Option<RequestId>, worker: &Worker) {
        if let Some(id) = id {
            worker.tell_oneself(Instruction::Answer {
                connection: self.key,
                frames: websocket::text(&encode::ok(&id)),
            });
        }
    }
}

/// Takes a connection that has ended out of all its rooms. Cheap, and never
/// waits: thousands may end at once.
pub(crate) fn leave_all(connection: &Connection, worker: &Worker) {
    for (room, seat) in connection.rooms.take() {
        if seat == RoomSeat::Joined {
            depart(connection, &room, false, worker);
        }
        worker.remove_member(&room, connection.key);
    }
    if let Some(session) = connection.session.get() {
        worker.hub.sessions.leave(&session.user.id);
    }
}

/// Counts a connection out of a room. Whoever leaves on purpose is gone at
/// once; whoever was lost has the grace time to come back.
fn depart(connection: &Connection, room: &RoomId, on_purpose: bool, worker: &Worker) {
    let hub = &worker.hub;
    let (Some(session), Some(room)) = (connection.session.get(), hub.followed_room(room)) else {
        return;
    };
    if let Some(user) = room.detach(worker.number, &session.user.id) {
        if on_purpose {
            hub.presence.left(&room.id, &user);
        } else {
            hub.presence.lost(&room.id, &user);
        }
    }
    hub.forget_if_idle(&room);
}

/// The refusal of a command in a room that this connection has not joined.
pub(super) fn not_here(room: &RoomId) -> Refusal {
    Refusal::new(ErrorCode::Forbidden, format!("join {room} first"))
}
