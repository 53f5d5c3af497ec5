//! The user of a request, from `Authorization: Bearer TOKEN`, and whether they
//! may ask more just now.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header, web};
use rookery_protocol::User;

use super::{HttpError, client_address};
use crate::{allowances::AddressBlock, hub::Hub, identity::TokenError};

/// A user whose token was good.
pub(super) struct Bearer(pub(super) User);

impl FromRequest for Bearer {
    type Error = HttpError;
    type Future = Ready<Result<Self, HttpError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        // The app is never served without it.
        let hub = request.app_data::<web::Data<Hub>>();
        ready(hub.map_or(Err(TokenError::Missing.into()), |hub| {
            charged_user(request, hub).map(Self)
        }))
    }
}

/// The user, charged for the request; whoever has no good token is charged by
/// their address.
fn charged_user(request: &HttpRequest, hub: &Hub) -> Result<User, HttpError> {
    match user_of(request, hub) {
        Ok(user) => {
            hub.allowances.charge_user(&user.id)?;
            Ok(user)
        }
        Err(error) => {
            hub.allowances.charge_stranger(address(request, hub))?;
            Err(error.into())
        }
    }
}

/// Whose address a request counts for.
pub(super) fn address(request: &HttpRequest, hub: &Hub) -> AddressBlock {
    let trusted = &hub.settings.http.trusted_proxies;
    client_address::of_headers(request.headers(), request.peer_addr(), trusted).into()
}

fn user_of(request: &HttpRequest, hub: &Hub) -> Result<User, TokenError> {
    let header = request.headers().get(header::AUTHORIZATION);
    let text = header
        .ok_or(TokenError::Missing)?
        .to_str()
        .map_err(|_| TokenError::Malformed)?;
    let (scheme, token) = text.split_once(' ').ok_or(TokenError::Malformed)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(TokenError::Missing);
    }
    Ok(hub.identity.verify(token.trim())?.user)
}
