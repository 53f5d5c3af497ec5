//! `/healthz`, `/readyz` and `/admitz`, for load balancers and container engines.

use std::time::Duration;

use actix_web::{HttpResponse, http::header, web};
use rookery_protocol::{ErrorCode, ServerId};
use serde_json::json;

use super::HttpError;
use rookery_chat::health::Readiness;

use crate::{admission::admission, node::Node};

/// The process lives.
pub(crate) async fn healthz() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(json!({"alive": true}))
}

/// The node can serve; 503 with what is missing where it cannot.
/// Beside that, which node it is, and for how long it has had store and channel.
pub(crate) async fn readyz(node: web::Data<Node>) -> HttpResponse {
    answer(
        node.chat.health.readiness(),
        &node.chat.server_id,
        node.steady_for(),
    )
}

/// The same of a node that has no store yet.
pub(crate) async fn readyz_at_the_start(
    readiness: web::Data<Readiness>,
    server_id: web::Data<ServerId>,
) -> HttpResponse {
    answer(&readiness, &server_id, Duration::ZERO)
}

fn answer(readiness: &Readiness, server_id: &ServerId, steady: Duration) -> HttpResponse {
    let missing = readiness.missing();
    let mut response = match missing.is_empty() {
        true => HttpResponse::Ok(),
        false => HttpResponse::ServiceUnavailable(),
    };
    response
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(json!({
            "ready": missing.is_empty(),
            "missing": missing,
            "node": server_id,
            "steady_ms": u64::try_from(steady.as_millis()).unwrap_or(u64::MAX),
        }))
}

/// The node would take an upgrade now; 503 with the reason where it would not.
/// A balancer that asks this first never gives a client to a node that hangs.
pub(crate) async fn admitz(node: web::Data<Node>) -> Result<HttpResponse, HttpError> {
    admission(&node).map_err(|shut| HttpError::new(ErrorCode::Unavailable, shut.message))?;
    Ok(HttpResponse::NoContent()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish())
}
