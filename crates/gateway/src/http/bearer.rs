//! The user of a request, from `Authorization: Bearer TOKEN`.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header, web};
use rookery_protocol::User;

use super::HttpError;
use crate::{hub::Hub, identity::TokenError};

/// A user whose token was good.
pub(super) struct Bearer(pub(super) User);

impl FromRequest for Bearer {
    type Error = HttpError;
    type Future = Ready<Result<Self, HttpError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(user_of(request).map(Self).map_err(HttpError::from))
    }
}

fn user_of(request: &HttpRequest) -> Result<User, TokenError> {
    let header = request.headers().get(header::AUTHORIZATION);
    let text = header
        .ok_or(TokenError::Missing)?
        .to_str()
        .map_err(|_| TokenError::Malformed)?;
    let (scheme, token) = text.split_once(' ').ok_or(TokenError::Malformed)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(TokenError::Missing);
    }
    // The app is never served without it.
    let hub = request
        .app_data::<web::Data<Hub>>()
        .ok_or(TokenError::Missing)?;
    Ok(hub.identity.verify(token.trim())?.user)
}
