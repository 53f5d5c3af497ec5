//! The user of a request, from `Authorization: Bearer TOKEN`, and whether they
//! may ask more just now.

use std::{
    future::{Ready, ready},
    net::IpAddr,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header, web};
use futures_util::{
    FutureExt,
    future::{Either, LocalBoxFuture},
};
use rookery_chat::{Paid, limits::AddressBlock};
use rookery_protocol::{LoginId, User};

use super::HttpError;
use crate::{
    identity::{TokenError, Verified},
    node::Node,
    request::client_address,
};

/// A user whose token was good, and who has paid for the request.
pub(super) struct Bearer {
    pub(super) user: User,
    /// What they are logged in with, of an account.
    pub(super) login: Option<LoginId>,
    pub(super) paid: Paid,
}

impl FromRequest for Bearer {
    type Error = HttpError;
    type Future =
        Either<Ready<Result<Self, HttpError>>, LocalBoxFuture<'static, Result<Self, HttpError>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        // The app is never served without it.
        let Some(node) = request.app_data::<web::Data<Node>>() else {
            return Either::Left(ready(Err(TokenError::Missing.into())));
        };
        let (request, node) = (request.clone(), node.clone());
        let mut user = Box::pin(async move { charged_user(&request, &node).await });
        // Mostly its key is known, and nothing is waited for.
        match user.as_mut().now_or_never() {
            Some(user) => Either::Left(ready(user)),
            None => Either::Right(user),
        }
    }
}

/// The user, charged for the request; whoever has no good token is charged by
/// their address.
async fn charged_user(request: &HttpRequest, node: &Node) -> Result<Bearer, HttpError> {
    match user_of(request, node).await {
        Ok(Verified { user, login, .. }) => {
            let paid = Paid::charge(&node.chat, &user.id)?;
            Ok(Bearer { user, login, paid })
        }
        Err(error) if !error.is_a_failure() => Err(error.into()),
        Err(error) => {
            node.chat
                .allowances
                .charge_stranger(address(request, node))?;
            Err(error.into())
        }
    }
}

/// Whose address a request counts for.
pub(super) fn address(request: &HttpRequest, node: &Node) -> AddressBlock {
    exact_address(request, node).into()
}

/// Where a request comes from, as far as trusted proxies tell.
pub(super) fn exact_address(request: &HttpRequest, node: &Node) -> IpAddr {
    let trusted = &node.settings.http.trusted_proxies;
    client_address::of_headers(request.headers(), request.peer_addr(), trusted)
}

async fn user_of(request: &HttpRequest, node: &Node) -> Result<Verified, TokenError> {
    let header = request.headers().get(header::AUTHORIZATION);
    let text = header
        .ok_or(TokenError::Missing)?
        .to_str()
        .map_err(|_| TokenError::Malformed)?;
    let (scheme, token) = text.split_once(' ').ok_or(TokenError::Malformed)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(TokenError::Missing);
    }
    Ok(node.identify(token.trim()).await?.verified)
}
