//! `/healthz` and `/readyz`, for load balancers and container engines.

use actix_web::{HttpResponse, http::header, web};
use serde_json::json;

use super::Readiness;

/// The process lives.
pub(crate) async fn healthz() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(json!({"alive": true}))
}

/// The node can serve; 503 with what is missing where it cannot.
pub(crate) async fn readyz(readiness: web::Data<Readiness>) -> HttpResponse {
    let missing = readiness.missing();
    let mut response = match missing.is_empty() {
        true => HttpResponse::Ok(),
        false => HttpResponse::ServiceUnavailable(),
    };
    response
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(json!({"ready": missing.is_empty(), "missing": missing}))
}
