//! `history`: a page of the past.

use std::rc::Rc;

use rookery_protocol::{
    ErrorCode, Event, RequestId, RoomId, client_frame::HistoryPage, encode, websocket,
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
        return connection.refuse(None, refusal, worker);
    };
    let in_flight = connection.begin(Weight::Reading);
    let (connection, worker) = (Rc::clone(connection), Rc::clone(worker));
    actix_rt::spawn(async move {
        match worker.hub.store.history(&room, page, limit).await {
            Ok(history) => {
                let messages = history.messages.iter().map(Event::json);
                let page = encode::ok_history(&id, &history.epoch, messages, history.more);
                connection.answer(websocket::text(&page), &worker);
            }
            Err(error) => connection.refuse(Some(id), error.into(), &worker),
        }
        drop(in_flight);
    });
}
