//! Which pages may call the API.
//!
//! The node's own page may; pages of the allowed origins may and are told so in
//! the way browsers want it; others are refused, before anything is done.

use actix_web::{
    Error, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{self, HeaderMap, HeaderValue},
    },
    middleware::Next,
    web,
};
use rookery_protocol::ErrorCode;

use super::HttpError;
use crate::{
    node::Node,
    request::origin::{headers_allowed, listed, origin_of},
};

/// How long a browser may remember what a preflight was answered, in seconds.
const REMEMBER_S: &str = "600";

/// Refuses foreign pages, answers preflights, and marks the answers for allowed ones.
pub(super) async fn check_origin(
    node: web::Data<Node>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let allowed = &node.settings.http.allowed_origins;
    let headers = request.headers();
    if !headers_allowed(headers, allowed) {
        let message = "pages of this origin may not call the API; an operator can allow it in http.allowed_origins";
        let refusal = HttpError::new(ErrorCode::Forbidden, message);
        return Ok(request.error_response(refusal).map_into_boxed_body());
    }
    let grant = origin_of(headers)
        .filter(|origin| listed(origin, allowed))
        .and_then(|_| headers.get(header::ORIGIN).cloned());
    let preflight = request.method() == Method::OPTIONS
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = match preflight {
        true => request.into_response(HttpResponse::NoContent().finish()),
        false => next.call(request).await?.map_into_boxed_body(),
    };
    if let Some(origin) = grant {
        tell(response.headers_mut(), origin, preflight);
    }
    response
        .headers_mut()
        .append(header::VARY, HeaderValue::from_static("Origin"));
    Ok(response)
}

fn tell(headers: &mut HeaderMap, origin: HeaderValue, preflight: bool) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    if preflight {
        for (name, value) in [
            (
                header::ACCESS_CONTROL_ALLOW_METHODS,
                "GET, POST, PUT, PATCH, DELETE",
            ),
            (
                header::ACCESS_CONTROL_ALLOW_HEADERS,
                "authorization, content-type",
            ),
            (header::ACCESS_CONTROL_MAX_AGE, REMEMBER_S),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
    } else {
        let value = HeaderValue::from_static("retry-after");
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, value);
    }
}
