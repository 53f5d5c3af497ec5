//! `history`: a page of the past.

use std::rc::Rc;

use bytes::Bytes;
use rookery_protocol::{
    ErrorCode, Event, RequestId, RoomId, UserId, client_frame::HistoryPage, encode, websocket,
};

use super::Refusal;
use crate::{hub::Hub, socket::Connection, worker::Worker};

/// The answer with the page, after room was made for what that can be at most.
async fn read(
    id: &RequestId,
    user: &UserId,
    room: &RoomId,
    page: HistoryPage,
    limit: u32,
    hub: &Hub,
) -> Result<Bytes, Refusal> {
    let most = hub.answers.most_bytes(limit.into());
    let claim = hub.answers.claim(user, most).await?;
    let history = hub.store.history(room, page, limit).await?;
    let messages = history.messages.iter().map(Event::json);
    let page = encode::ok_history(id, &history.epoch, messages, history.more);
    Ok(claim.carry(websocket::text(&page)))
}

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
    let Some(session) = connection.session.get() else {
        return;
    };
    let user = session.user.id.clone();
    let most = worker.hub.answers.most_bytes(limit.into());
    let in_flight = connection.begin_reading(most);
    let (connection, worker) = (Rc::clone(connection), Rc::clone(worker));
    actix_rt::spawn(async move {
        let page = read(&id, &user, &room, page, limit, &worker.hub).await;
        match page {
            Ok(page) => connection.answer(page, &worker),
            Err(refusal) => connection.refuse(Some(id), refusal, &worker),
        }
        drop(in_flight);
    });
}
