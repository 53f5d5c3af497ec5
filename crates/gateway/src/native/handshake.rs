//! The HTTP side of an upgrade: who may come in, and what is answered.

use std::net::IpAddr;

use actix_http::{HttpMessage, Request, StatusCode, Version, header, ws};
use rookery_protocol::ErrorCode;
use serde_json::{Value, json};

use crate::{
    admission::{Shut, admission},
    metrics::{Refused, Route},
    node::Node,
    request::{NO_UPGRADE, origin},
};

/// The answer to an upgrade request.
pub(super) enum UpgradeAnswer {
    /// The bytes of `101 Switching Protocols`.
    Accept(String),
    /// The bytes of a refusal; the connection ends with it.
    Refuse(String),
}

/// Decides about an upgrade request.
pub(super) fn answer(request: &Request, address: IpAddr, node: &Node) -> UpgradeAnswer {
    if request.path() != "/ws" {
        return refuse(
            node,
            Refused::Path,
            ErrorCode::NotFound,
            "WebSockets are served at /ws",
        );
    }
    if let Err(Shut { reason, message }) = admission(node) {
        return refuse(node, reason, ErrorCode::Unavailable, message);
    }
    if !origin::headers_allowed(request.headers(), &node.settings.http.allowed_origins) {
        let message = "pages of this origin may not connect; an operator can allow it in http.allowed_origins";
        return refuse(node, Refused::Origin, ErrorCode::Forbidden, message);
    }
    if let Err(refusal) = node.chat.allowances.look_at_stranger(address.into()) {
        return refuse(node, Refused::Rate, refusal.code, &refusal.message);
    }
    if let Err(unsound) = check(request) {
        let error = json!({"code": ErrorCode::BadRequest, "message": unsound.message});
        return refuse_with(
            node,
            Refused::Handshake,
            unsound.status,
            unsound.headers,
            &error,
        );
    }
    let response = ws::handshake_response(request.head()).finish();
    let key = response.headers().get(header::SEC_WEBSOCKET_ACCEPT);
    match key.and_then(|key| key.to_str().ok()) {
        Some(key) => {
            node.metrics.http_answered(Route::WEB_SOCKET, 101);
            UpgradeAnswer::Accept(format!(
                "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: {key}\r\n\r\n"
            ))
        }
        None => refuse(
            node,
            Refused::Handshake,
            ErrorCode::BadRequest,
            "no usable Sec-WebSocket-Key",
        ),
    }
}

/// Why a request cannot be upgraded, whoever sent it.
struct Unsound {
    status: StatusCode,
    message: String,
    /// Lines of the answer's head, each with its end.
    headers: &'static str,
}

impl Unsound {
    fn new(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            message: message.into(),
            headers: "",
        }
    }

    /// Another request would be upgraded; the headers say which (RFC 6455, 4.4).
    fn upgrade_required(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::UPGRADE_REQUIRED,
            message: message.into(),
            headers: "upgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n",
        }
    }
}

/// Holds a request against RFC 6455, 4.2.1.
fn check(request: &Request) -> Result<(), Unsound> {
    if request.version() < Version::HTTP_11 {
        let message = "an upgrade takes HTTP/1.1; a proxy in between may speak an older version";
        return Err(Unsound::new(message));
    }
    if has_body(request) {
        return Err(Unsound::new("a request for an upgrade has no body"));
    }
    ws::verify_handshake(request.head()).map_err(|error| match error {
        ws::HandshakeError::NoVersionHeader | ws::HandshakeError::UnsupportedVersion => {
            Unsound::upgrade_required("version 13 of WebSocket is spoken here")
        }
        ws::HandshakeError::NoWebsocketUpgrade | ws::HandshakeError::NoConnectionUpgrade => {
            Unsound::upgrade_required(NO_UPGRADE)
        }
        ws::HandshakeError::GetMethodRequired | ws::HandshakeError::BadWebsocketKey => {
            Unsound::new(error.to_string())
        }
    })
}

fn has_body(request: &Request) -> bool {
    let length = request.headers().get(header::CONTENT_LENGTH);
    length.is_some_and(|length| length != "0")
        || request.headers().contains_key(header::TRANSFER_ENCODING)
}

fn refuse(node: &Node, reason: Refused, code: ErrorCode, message: &str) -> UpgradeAnswer {
    let mut error = json!({"code": code, "message": message});
    let mut retry = String::new();
    if matches!(code, ErrorCode::Unavailable | ErrorCode::RateLimited) {
        let ms = node.chat.spread.next_ms();
        error["retry_after_ms"] = ms.into();
        retry = format!("retry-after: {}\r\n", ms.div_ceil(1_000));
    }
    let status = StatusCode::from_u16(code.http_status());
    let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    refuse_with(node, reason, status, &retry, &error)
}

fn refuse_with(
    node: &Node,
    reason: Refused,
    status: StatusCode,
    headers: &str,
    error: &Value,
) -> UpgradeAnswer {
    node.metrics.upgrade_refused(reason);
    node.metrics
        .http_answered(Route::WEB_SOCKET, status.as_u16());
    let body = json!({ "error": error }).to_string();
    UpgradeAnswer::Refuse(format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{headers}connection: close\r\n\r\n{body}",
        body.len()
    ))
}
