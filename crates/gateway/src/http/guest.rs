//! `POST /api/v1/guest`: a token for whoever has a name, where that is allowed.

use actix_web::{HttpResponse, http::header, web};
use rookery_protocol::ErrorCode;
use serde::Deserialize;
use serde_json::json;

use super::HttpError;
use crate::hub::Hub;

#[derive(Deserialize)]
pub(super) struct GuestRequest {
    name: String,
}

pub(super) async fn guest(
    hub: web::Data<Hub>,
    request: web::Json<GuestRequest>,
) -> Result<HttpResponse, HttpError> {
    if !hub.settings.guests_allowed() {
        let message = "this server takes no guests; come with a token (an operator can allow guests with auth.guests)";
        return Err(HttpError::new(ErrorCode::Forbidden, message));
    }
    let minted = hub.identity.guest(&request.name)?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(
            json!({"token": minted.token, "user": minted.user, "expires_at": minted.expires_at_ms}),
        ))
}
