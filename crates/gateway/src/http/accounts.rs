//! `/api/v1/accounts` and `/api/v1/sessions`: coming in with a name and a password, and staying.
//!
//! Whoever calls them has no token yet, so they count for their address.

use std::{future::Future, pin::Pin, time::Duration};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse, Route,
    dev::Payload,
    http::{StatusCode, header},
    web,
};
use rookery_chat::commands::{self, LogIn, LoggedIn, Register};
use rookery_protocol::{ErrorCode, UserId, client_frame::Password};
use serde::Deserialize;
use serde_json::json;

use super::{
    HttpError,
    bearer::{self, Bearer},
    error,
};
use crate::{node::Node, settings::OUR_PREFIXES};

/// The most bytes of a body: a name, and a password of 1,024 bytes, however they are escaped.
const BODY_BYTES: usize = 16 * 1024;

/// How the bodies are read.
pub(super) fn body() -> web::JsonConfig {
    web::JsonConfig::default()
        .limit(BODY_BYTES)
        .error_handler(error::of_account_json)
}

/// What is posted to a path that has other methods as well.
pub(super) fn posts(path: &str) -> Option<Route> {
    (path == "/api/v1/sessions").then(|| web::post().to(log_in))
}

/// A name and a password, and what the program calls itself.
#[derive(Deserialize)]
pub(super) struct NameAndPassword {
    name: String,
    password: Password,
    client: Option<String>,
}

/// A stranger who may still ask; looked at before the body is read.
pub(super) struct Stranger;

impl FromRequest for Stranger {
    type Error = HttpError;
    type Future = std::future::Ready<Result<Self, HttpError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let charged = match request.app_data::<web::Data<Node>>() {
            Some(node) => {
                let address = bearer::address(request, node);
                node.chat.allowances.charge_stranger(address)
            }
            // The app is never served without it.
            None => Ok(()),
        };
        std::future::ready(charged.map(|()| Self).map_err(HttpError::from))
    }
}

/// Who a guest is who registers; nobody where no token is brought.
pub(super) struct Guest(Option<UserId>);

impl FromRequest for Guest {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, HttpError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        if !request.headers().contains_key(header::AUTHORIZATION) {
            return Box::pin(std::future::ready(Ok(Self(None))));
        }
        let bearer = Bearer::from_request(request, payload);
        Box::pin(async move {
            let Bearer { user, login, .. } = bearer.await?;
            let [guests, _] = OUR_PREFIXES;
            match login.is_none() && user.id.as_str().starts_with(guests) {
                true => Ok(Self(Some(user.id))),
                false => Err(HttpError::new(
                    ErrorCode::Conflict,
                    "this token is of somebody who is known already; register without one, or with that of a guest",
                )),
            }
        })
    }
}

/// Registers.
pub(super) async fn register(
    node: web::Data<Node>,
    _: Stranger,
    Guest(guest): Guest,
    request: HttpRequest,
    body: web::Json<NameAndPassword>,
) -> Result<HttpResponse, HttpError> {
    if !node.settings.auth.registration {
        let message = "nobody can register here (an operator can allow it with auth.registration)";
        return Err(HttpError::new(ErrorCode::Forbidden, message));
    }
    let log_in = arguments(body.into_inner(), &request, &node);
    let arguments = Register { log_in, guest };
    let logged_in = commands::register(&node.chat, arguments).await?;
    node.metrics.accounts_made.inc();
    answer(&node, logged_in, StatusCode::CREATED)
}

/// Logs in.
async fn log_in(
    node: web::Data<Node>,
    _: Stranger,
    request: HttpRequest,
    body: web::Json<NameAndPassword>,
) -> Result<HttpResponse, HttpError> {
    let arguments = arguments(body.into_inner(), &request, &node);
    let logged_in = commands::log_in(&node.chat, arguments).await;
    if matches!(&logged_in, Err(refusal) if refusal.code == ErrorCode::Unauthenticated) {
        node.metrics.log_ins_failed.inc();
    }
    answer(&node, logged_in?, StatusCode::CREATED)
}

#[derive(Deserialize)]
pub(super) struct RefreshRequest {
    refresh: String,
}

/// Gives the next token.
pub(super) async fn refresh(
    node: web::Data<Node>,
    _: Stranger,
    body: web::Json<RefreshRequest>,
) -> Result<HttpResponse, HttpError> {
    let logged_in = commands::refresh(&node.chat, &body.refresh).await?;
    answer(&node, logged_in, StatusCode::OK)
}

fn arguments(body: NameAndPassword, request: &HttpRequest, node: &Node) -> LogIn {
    let address = bearer::exact_address(request, node);
    let agent = request.headers().get(header::USER_AGENT);
    let agent = agent.and_then(|agent| agent.to_str().ok());
    LogIn {
        name: body.name,
        password: body.password,
        client: body
            .client
            .unwrap_or_else(|| agent.unwrap_or_default().to_owned()),
        address: address.to_string(),
        from: address.into(),
    }
}

fn answer(node: &Node, logged_in: LoggedIn, status: StatusCode) -> Result<HttpResponse, HttpError> {
    let LoggedIn {
        user,
        login,
        refresh,
    } = logged_in;
    let ttl = Duration::from_secs(node.settings.auth.access_ttl_s);
    let minted = node.identity.mint_for(user, Some(login), ttl)?;
    Ok(HttpResponse::build(status)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(json!({
            "user": minted.user,
            "access": minted.token,
            "refresh": refresh.to_string(),
            "expires_at": minted.expires_at_ms,
        })))
}
