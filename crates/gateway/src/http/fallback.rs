//! What is answered where nothing is.

use std::borrow::Cow;

use actix_web::{
    FromRequest, Handler, HttpRequest, HttpResponse, Resource, Responder, ResponseError, guard,
    http::{
        ConnectionType, StatusCode,
        header::{self, HeaderValue},
    },
    web,
};
use rookery_protocol::ErrorCode;

use super::HttpError;
use crate::request::NO_UPGRADE;

/// A resource that answers GET and HEAD and refuses the rest.
pub(crate) fn only_get<F, Args>(resource: Resource, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    let get_or_head = guard::Any(guard::Get()).or(guard::Head());
    resource
        .route(web::route().guard(get_or_head).to(handler))
        .default_service(web::to(|| wrong_method("GET, HEAD")))
}

/// The path is right and the method is not.
pub(super) async fn wrong_method(allowed: impl Into<Cow<'static, str>>) -> HttpResponse {
    let allowed = allowed.into();
    let error = HttpError::new(ErrorCode::BadRequest, format!("this path takes {allowed}"))
        .with_status(StatusCode::METHOD_NOT_ALLOWED);
    let mut response = error.error_response();
    if let Ok(allowed) = HeaderValue::from_str(&allowed) {
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    response
}

/// `/ws` without an upgrade; with one, `socket` has it before it comes here.
pub(super) async fn upgrade_required() -> HttpResponse {
    let error =
        HttpError::new(ErrorCode::BadRequest, NO_UPGRADE).with_status(StatusCode::UPGRADE_REQUIRED);
    let mut response = error.error_response();
    let head = response.head_mut();
    // Says `connection: upgrade`.
    head.set_connection_type(ConnectionType::Upgrade);
    for (name, value) in [
        (header::UPGRADE, "websocket"),
        (header::SEC_WEBSOCKET_VERSION, "13"),
    ] {
        head.headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Nothing of the API is at this path.
pub(super) async fn no_such_call(request: HttpRequest) -> HttpResponse {
    let message = format!("the API has nothing at {}", request.path());
    HttpError::new(ErrorCode::NotFound, message).error_response()
}
