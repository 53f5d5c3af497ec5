//! `/api/v1/guest`: whether guests are taken, and a token for whoever has a name
//! where they are.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, HttpResponse, dev::Payload, http::header, web};
use rookery_protocol::ErrorCode;
use serde::Deserialize;
use serde_json::json;

use super::{HttpError, bearer, error};
use crate::node::Node;

/// The most bytes of a guest's request: a name of 64 characters, however it is escaped.
const BODY_BYTES: usize = 4 * 1024;

/// How the body of a guest's request is read.
pub(super) fn body() -> web::JsonConfig {
    web::JsonConfig::default()
        .limit(BODY_BYTES)
        .error_handler(error::of_guest_json)
}

/// Says that guests are taken, and this one as well; asked before the body is read.
pub(super) struct GuestsTaken;

impl FromRequest for GuestsTaken {
    type Error = HttpError;
    type Future = Ready<Result<Self, HttpError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(take_guest(request).map(|()| Self))
    }
}

fn take_guest(request: &HttpRequest) -> Result<(), HttpError> {
    let node = request.app_data::<web::Data<Node>>();
    let Some(node) = node.filter(|node| node.settings.guests_allowed()) else {
        let message = "this server takes no guests; come with a token (an operator can allow guests with auth.guests)";
        return Err(HttpError::new(ErrorCode::Forbidden, message));
    };
    node.chat
        .allowances
        .charge_guest(bearer::address(request, node))?;
    Ok(())
}

#[derive(Deserialize)]
pub(super) struct GuestRequest {
    name: String,
}

/// Says whether guests are taken, so that a page need not offer what is refused.
pub(super) async fn taken(node: web::Data<Node>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(json!({"guests": node.settings.guests_allowed()}))
}

pub(super) async fn guest(
    _: GuestsTaken,
    node: web::Data<Node>,
    request: web::Json<GuestRequest>,
) -> Result<HttpResponse, HttpError> {
    let minted = node.identity.guest(&request.name)?;
    node.metrics.guests_minted.inc();
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(
            json!({"token": minted.token, "user": minted.user, "expires_at": minted.expires_at_ms}),
        ))
}
