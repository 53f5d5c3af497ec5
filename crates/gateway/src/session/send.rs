//! `send`: a message on its way into the log.

use std::rc::Rc;

use rookery_protocol::{RequestId, User, client_frame::SendCommand, encode, websocket};

use crate::{
    socket::{Connection, Weight},
    worker::Worker,
};

/// Hands the message to the store at once, in the order of the frames, and
/// answers when it is stored.
pub(super) fn send(
    id: Option<RequestId>,
    command: SendCommand,
    user: &User,
    connection: &Rc<Connection>,
    worker: &Rc<Worker>,
) {
    let storing = match worker.hub.send(user, command) {
        Ok(storing) => storing,
        Err(refusal) => return connection.refuse(id, refusal, worker),
    };
    connection.begin(Weight::Writing);
    let (connection, worker) = (Rc::clone(connection), Rc::clone(worker));
    actix_rt::spawn(async move {
        match (storing.await, id) {
            (Ok(stored), Some(id)) => {
                let ok = encode::ok_stored(&id, stored.seq, stored.ts, stored.duplicate);
                connection.answer(websocket::text(&ok), &worker);
            }
            (Ok(_), None) => {}
            (Err(refusal), id) => connection.refuse(id, refusal, &worker),
        }
        connection.done(Weight::Writing);
    });
}
