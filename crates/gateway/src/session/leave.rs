//! `leave`, and leaving everything when a connection ends.

use std::rc::Rc;

use rookery_protocol::{ErrorCode, RequestId, RoomId, encode, websocket};

use super::{Refusal, RoomSeat};
use crate::{
    socket::{Connection, Weight},
    worker::{Instruction, Worker},
};

/// Ends membership and receiving. Leaving a room that the connection is not in
/// ends the membership all the same: another tab may have joined it.
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
    let in_flight = connection.begin(Weight::Writing);
    let (connection, worker) = (Rc::clone(connection), Rc::clone(worker));
    actix_rt::spawn(async move {
        let forgotten = worker.hub.store.forget_member(&user.id, &room).await;
        match forgotten {
            Ok(()) => connection.step_out(id, &room, &worker),
            Err(error) => connection.answer_or_refuse(id, Err(Refusal::from(error)), &worker),
        }
        drop(in_flight);
    });
}

impl Connection {
    /// Stops receiving, then answers: behind the answer nothing of the room comes.
    fn step_out(self: &Rc<Self>, id: Option<RequestId>, room: &RoomId, worker: &Worker) {
        let seat = {
            let mut rooms = self.rooms.borrow_mut();
            let at = rooms.iter().position(|(other, _)| other == room);
            at.map(|at| rooms.swap_remove(at).1)
        };
        if seat != Some(RoomSeat::Joined) {
            return self.answer_or_refuse(id, Ok(()), worker);
        }
        let last = id.map(|id| websocket::text(&encode::ok(&id)));
        let (to, connection) = (room.clone(), self.key);
        worker.hub.workers.give(
            worker.number,
            Instruction::Detach {
                room: to,
                connection,
                last,
            },
        );
        depart(self, room, true, worker);
    }
}

/// Takes a connection that has ended out of all its rooms. Cheap, and never
/// waits: thousands may end at once.
pub(crate) fn leave_all(connection: &Connection, worker: &Worker) {
    for (room, seat) in connection.rooms.borrow().iter() {
        if *seat == RoomSeat::Joined {
            depart(connection, room, false, worker);
        }
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
