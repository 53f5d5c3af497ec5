//! `history`: a page of the past.

use std::rc::Rc;

use rookery_protocol::{
    ErrorCode, RequestId, RoomId, client_frame::HistoryPage, encode, websocket,
};

use super::Refusal;
use crate::{
    socket::{Connection, Weight},
    worker::Worker,
};

/// Reads the page in a task of its own and answers with it.
pub(super) fn history(
    id: Option<RequestId>,
    room: RoomId,
    page: HistoryPage,
    limit: u32,
    connection: &Rc<Connection>,
    worker: &Rc<Worker>,
) {
    let Some(id) = id else {
        let refusal = Refusal::new(
            ErrorCode::BadRequest,
            "history needs an id, for its answer to carry",
        );
        return connection.answer(refusal.frame(None), worker);
    };
    connection.begin(Weight::Reading);
    let (connection, worker) = (Rc::clone(connection), Rc::clone(worker));
    actix_rt::spawn(async move {
        let frame = match worker.hub.store.history(&room, page, limit).await {
            Ok(history) => {
                let messages = history.messages.iter().map(|event| event.json.as_ref());
                websocket::text(&encode::ok_history(&id, messages, history.more))
            }
            Err(error) => Refusal::from(error).frame(Some(id)),
        };
        connection.answer(frame, &worker);
        connection.done(Weight::Reading);
    });
}
