//! `/api/v1/rooms/{room}/messages`: reading a page and writing a message
//! without a socket, by the same rules as with one.

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
    web,
};
use rookery_protocol::{
    ErrorCode, Event, FrameError, RoomId,
    client_frame::{self, DEFAULT_PAGE, HistoryPage, MAX_PAGE, SendCommand},
    encode,
};
use serde::Deserialize;
use serde_json::{json, value::RawValue};

use super::{HttpError, bearer::Bearer};
use crate::hub::Hub;

/// A number that no message has: what is before it are the latest ones. The
/// largest one that a double holds exactly, since Lua has no other numbers.
const AFTER_ALL: u64 = (1 << 53) - 1;

#[derive(Deserialize)]
pub(super) struct PageQuery {
    before: Option<u64>,
    after: Option<u64>,
    around: Option<u64>,
    limit: Option<u32>,
}

impl PageQuery {
    fn page(&self) -> Result<HistoryPage, HttpError> {
        match (self.before, self.after, self.around) {
            (None, None, None) => Ok(HistoryPage::Before(AFTER_ALL)),
            (Some(seq), None, None) => Ok(HistoryPage::Before(seq)),
            (None, Some(seq), None) => Ok(HistoryPage::After(seq)),
            (None, None, Some(seq)) => Ok(HistoryPage::Around(seq)),
            _ => Err(bad_request("give at most one of before, after and around")),
        }
    }

    fn limit(&self) -> Result<u32, HttpError> {
        match self.limit.unwrap_or(DEFAULT_PAGE) {
            limit @ 1..=MAX_PAGE => Ok(limit),
            _ => Err(bad_request(format!("limit must be 1 to {MAX_PAGE}"))),
        }
    }
}

/// Messages as they are now, ascending; the latest where the query names no place.
pub(super) async fn page(
    hub: web::Data<Hub>,
    Bearer(user): Bearer,
    room: web::Path<String>,
    query: web::Query<PageQuery>,
) -> Result<HttpResponse, HttpError> {
    let room = RoomId::new(room.as_str()).map_err(|error| bad_request(error.to_string()))?;
    let under_way = hub.pages.begin(&user.id, &hub.settings.http)?;
    let history = hub
        .store
        .history(&room, query.page()?, query.limit()?)
        .await?;
    let messages = history.messages.iter().map(Event::json);
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .content_type("application/json")
        .body(under_way.body(encode::history(&history.epoch, messages, history.more))))
}

/// Stores a message: 201, or 200 where its nonce was seen before.
pub(super) async fn post(
    hub: web::Data<Hub>,
    Bearer(user): Bearer,
    room: web::Path<String>,
    body: web::Json<Box<RawValue>>,
) -> Result<HttpResponse, HttpError> {
    let command = command(&room, body.get())?;
    let stored = hub.send_making_the_room(&user, command).await?;
    let status = match stored.duplicate {
        true => StatusCode::OK,
        false => StatusCode::CREATED,
    };
    Ok(HttpResponse::build(status)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(json!({"seq": stored.seq, "ts": stored.ts, "duplicate": stored.duplicate})))
}

fn command(room: &str, body: &str) -> Result<SendCommand, HttpError> {
    client_frame::parse_message(room, body).map_err(|error| match error {
        FrameError::Refused { code, message, .. } => HttpError::new(code, message),
        FrameError::NotAFrame(message) => bad_request(message),
    })
}

fn bad_request(message: impl Into<String>) -> HttpError {
    HttpError::new(ErrorCode::BadRequest, message)
}
