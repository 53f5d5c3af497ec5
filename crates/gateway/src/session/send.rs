//! `send`: a message on its way into the log.

use std::rc::Rc;

use futures_util::FutureExt;
use rookery_protocol::{RequestId, User, client_frame::SendCommand, encode, websocket};

use super::Refusal;
use crate::{hub::Stored, socket::Connection, worker::Worker};

/// Hands the message to the store, in the order of the frames, and answers when
/// it is stored. It leaves together with what other sockets have to say.
pub(super) fn send(
    id: Option<RequestId>,
    command: SendCommand,
    user: &User,
    connection: &Rc<Connection>,
    worker: &Rc<Worker>,
) {
    let mut storing = match worker.hub.send(user, command) {
        Ok(storing) => storing,
        Err(refusal) => return connection.refuse(id, refusal, worker),
    };
    // The embedded engine has stored it by now, and no task is needed.
    if let Some(stored) = (&mut storing).now_or_never() {
        return connection.answer_stored(id, stored, worker);
    }
    worker.send_appends_soon();
    let in_flight = connection.begin_writing();
    let (connection, worker) = (Rc::clone(connection), Rc::clone(worker));
    actix_rt::spawn(async move {
        connection.answer_stored(id, storing.await, &worker);
        drop(in_flight);
    });
}

impl Connection {
    fn answer_stored(
        self: &Rc<Self>,
        id: Option<RequestId>,
        stored: Result<Stored, Refusal>,
        worker: &Worker,
    ) {
        match (stored, id) {
            (Ok(stored), Some(id)) => {
                let ok = encode::ok_stored(&id, stored.seq, stored.ts, stored.duplicate);
                self.answer(websocket::text(&ok), worker);
            }
            (Ok(_), None) => {}
            (Err(refusal), id) => self.refuse(id, refusal, worker),
        }
    }
}
