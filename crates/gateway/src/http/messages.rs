//! `/api/v1/rooms/{room}/messages`: reading a page and writing a message
//! without a socket, by the same rules as with one.

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
    web,
};
use bytes::Bytes;
use rookery_chat::{
    Caller, Way,
    commands::{self, History},
};
use rookery_protocol::{
    ErrorCode, Event, FrameError, RoomId,
    client_frame::{self, DEFAULT_PAGE, HistoryPage, MAX_PAGE, SendCommand},
    encode,
};
use serde::Deserialize;
use serde_json::{json, value::RawValue};

use super::{HttpError, bearer::Bearer, page_body::PageBody};
use crate::node::Node;

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
    node: web::Data<Node>,
    Bearer { user, paid, .. }: Bearer,
    room: web::Path<String>,
    query: web::Query<PageQuery>,
) -> Result<HttpResponse, HttpError> {
    let arguments = History {
        room: room_id(&room)?,
        page: query.page()?,
        limit: query.limit()?,
    };
    let caller = Caller::new(&user, Way::Request, paid);
    let page = commands::history(&node.chat, caller, &arguments).await?;
    let messages = page.messages.iter().map(Event::json);
    let json = encode::history(&page.epoch, messages, page.more);
    Ok(answer(page.claim.carry(json.into())))
}

fn answer(json: Bytes) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .content_type("application/json")
        .body(PageBody(json))
}

fn room_id(name: &str) -> Result<RoomId, HttpError> {
    RoomId::new(name).map_err(|error| bad_request(error.to_string()))
}

/// Stores a message: 201, or 200 where its nonce was seen before.
pub(super) async fn post(
    node: web::Data<Node>,
    Bearer { user, paid, .. }: Bearer,
    room: web::Path<String>,
    body: web::Json<Box<RawValue>>,
) -> Result<HttpResponse, HttpError> {
    let command = command(&room, body.get())?;
    let caller = Caller::new(&user, Way::Request, paid);
    let stored = commands::send_coming_in(&node.chat, caller, command).await?;
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
