//! The HTTP side of an upgrade: who may come in, and what is answered.

use std::{net::IpAddr, sync::atomic::Ordering};

use actix_http::{HttpMessage, Request, header, ws};
use rookery_protocol::ErrorCode;

use crate::{http::origin, hub::Hub, metrics::Route};

/// The answer to an upgrade request.
pub(super) enum Answer {
    /// The bytes of `101 Switching Protocols`.
    Accept(String),
    /// The bytes of a refusal; the connection ends with it.
    Refuse(String),
}

/// Why nobody comes in just now, whoever asks.
pub(crate) struct Shut {
    /// A word for the metrics.
    reason: &'static str,
    pub(crate) message: &'static str,
}

/// Whether this node takes anybody in just now.
pub(crate) fn admission(hub: &Hub) -> Result<(), Shut> {
    if hub.readiness.is_draining() {
        return Err(Shut {
            reason: "draining",
            message: "this node is draining; connect again to reach another one",
        });
    }
    let most = hub.settings.limits.connections;
    if most != 0 && hub.connections.load(Ordering::Relaxed) >= most {
        return Err(Shut {
            reason: "full",
            message: "this node has as many connections as it may (limits.connections)",
        });
    }
    Ok(())
}

/// Decides about an upgrade request.
pub(super) fn answer(request: &Request, address: IpAddr, hub: &Hub) -> Answer {
    if request.path() != "/ws" {
        return refuse(
            hub,
            "path",
            ErrorCode::NotFound,
            "WebSockets are served at /ws",
        );
    }
    if let Err(Shut { reason, message }) = admission(hub) {
        return refuse(hub, reason, ErrorCode::Unavailable, message);
    }
    if !origin::headers_allowed(request.headers(), &hub.settings.http.allowed_origins) {
        let message = "pages of this origin may not connect; an operator can allow it in http.allowed_origins";
        return refuse(hub, "origin", ErrorCode::Forbidden, message);
    }
    if let Err(refusal) = hub.allowances.look_at_stranger(address.into()) {
        return refuse(hub, "rate", refusal.code, &refusal.message);
    }
    if let Err(error) = ws::verify_handshake(request.head()) {
        return refuse(hub, "handshake", ErrorCode::BadRequest, &error.to_string());
    }
    let response = ws::handshake_response(request.head()).finish();
    let key = response.headers().get(header::SEC_WEBSOCKET_ACCEPT);
    match key.and_then(|key| key.to_str().ok()) {
        Some(key) => {
            hub.metrics.http_answered(Route::WebSocket, 101);
            Answer::Accept(format!(
                "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: {key}\r\n\r\n"
            ))
        }
        None => refuse(
            hub,
            "handshake",
            ErrorCode::BadRequest,
            "no usable Sec-WebSocket-Key",
        ),
    }
}

fn refuse(hub: &Hub, reason: &'static str, code: ErrorCode, message: &str) -> Answer {
    hub.metrics.upgrade_refused(reason);
    let mut error = serde_json::json!({"code": code, "message": message});
    let mut retry = String::new();
    if matches!(code, ErrorCode::Unavailable | ErrorCode::RateLimited) {
        let ms = hub.spread.next_ms();
        error["retry_after_ms"] = ms.into();
        retry = format!("retry-after: {}\r\n", ms.div_ceil(1_000));
    }
    let body = serde_json::json!({ "error": error }).to_string();
    let status = actix_http::StatusCode::from_u16(code.http_status())
        .unwrap_or(actix_http::StatusCode::INTERNAL_SERVER_ERROR);
    hub.metrics.http_answered(Route::WebSocket, status.as_u16());
    Answer::Refuse(format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{retry}connection: close\r\n\r\n{body}",
        body.len()
    ))
}
