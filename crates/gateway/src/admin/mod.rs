//! The operators' listener: metrics, health and a live view of this node.
//!
//! It is for a private network and changes nothing. It has a thread of its own,
//! so that looking at a busy node takes nothing from its clients.

mod figures;
mod host;
mod page;
mod sampler;
mod viewer;

use std::{
    net::{SocketAddr, TcpListener},
    sync::Arc,
};

use actix_server::Server;
use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    http::header::{self, HeaderMap},
    middleware::from_fn,
    web,
};
use anyhow::Context;
use rookery_chat::health::Readiness;
use rookery_protocol::ErrorCode;

use crate::{
    http::{HttpError, healthz, only_get, readyz},
    listeners::address_of,
    metrics::Metrics,
    node::Node,
};
pub(crate) use host::check_host;
use sampler::Sampler;

/// The operators' server, and where it listens; starts taking samples. Must be
/// called in an actix system; the server runs when it is polled.
///
/// # Errors
///
/// When the server cannot be made.
pub(crate) fn serve(
    node: &Arc<Node>,
    listener: TcpListener,
) -> anyhow::Result<(Server, SocketAddr)> {
    let address = address_of(&listener)?;
    let node = Arc::clone(node);
    let sampler = Sampler::start(Arc::clone(&node));
    let server = HttpServer::new(move || {
        App::new()
            .wrap(from_fn(check_host))
            .app_data(web::Data::from(Arc::clone(&node)))
            .app_data(web::Data::from(Arc::clone(&node.settings)))
            .app_data(web::Data::from(Arc::clone(&sampler)))
            .service(only_get(web::resource("/metrics"), metrics))
            .service(only_get(web::resource("/healthz"), healthz))
            .service(only_get(web::resource("/readyz"), readyz))
            .service(web::resource("/live").get(viewer::view))
            .default_service(web::to(page::page))
    });
    let server = server
        .workers(1)
        .disable_signals()
        .listen(listener)
        .context("cannot serve operators")?;
    Ok((server.run(), address))
}

/// Everything in the text format of OpenMetrics.
async fn metrics(node: web::Data<Node>, request: HttpRequest) -> Result<HttpResponse, HttpError> {
    figures::refresh_gauges(&node);
    in_text(&node.metrics, &request)
}

/// The same of a node that is only being started.
pub(crate) async fn metrics_of_health(
    metrics: web::Data<Metrics>,
    readiness: web::Data<Readiness>,
    request: HttpRequest,
) -> Result<HttpResponse, HttpError> {
    metrics.health.set(&readiness);
    in_text(&metrics, &request)
}

fn in_text(metrics: &Metrics, request: &HttpRequest) -> Result<HttpResponse, HttpError> {
    let text = metrics.render().map_err(|error| {
        tracing::error!(%error, "the metrics could not be written");
        HttpError::new(
            ErrorCode::Internal,
            "the metrics could not be written; the log says why",
        )
    })?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .content_type(content_type_for(request.headers()))
        .body(text))
}

/// What the text is called: a browser would save OpenMetrics to a file rather than show it.
fn content_type_for(headers: &HeaderMap) -> &'static str {
    let accepted = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    if accepted.is_some_and(|accepted| accepted.contains("text/html")) {
        "text/plain; charset=utf-8"
    } else {
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    }
}
