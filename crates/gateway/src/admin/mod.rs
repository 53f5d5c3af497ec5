//! The operators' listener: metrics, health and a live view of this node.
//!
//! It is for a private network and changes nothing. It has a thread of its own,
//! so that looking at a busy node takes nothing from its clients.

mod figures;
mod host;
mod page;
mod sampler;
mod viewer;

use std::{net::SocketAddr, sync::Arc};

use actix_server::Server;
use actix_web::{App, HttpResponse, HttpServer, http::header, middleware::from_fn, web};
use anyhow::Context;
use rookery_protocol::ErrorCode;

use crate::{
    http::{HttpError, healthz, only_get, readyz},
    hub::Hub,
};
use sampler::Sampler;

/// Binds `admin.listen` and starts taking samples; `None` where it is off, and
/// otherwise also where it listens. Must be called in an actix system; the server
/// runs when it is polled.
///
/// # Errors
///
/// When the address cannot be bound.
pub(crate) fn bind(hub: &Arc<Hub>) -> anyhow::Result<Option<(Server, SocketAddr)>> {
    let Some(listen) = hub.settings.admin.listen else {
        return Ok(None);
    };
    let hub = Arc::clone(hub);
    let sampler = Sampler::start(Arc::clone(&hub));
    let server = HttpServer::new(move || {
        App::new()
            .wrap(from_fn(host::check_host))
            .app_data(web::Data::from(Arc::clone(&hub)))
            .app_data(web::Data::from(Arc::clone(&hub.readiness)))
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
        .bind(listen)
        .with_context(|| {
            format!(
                "cannot listen on {listen}: is another program there? set admin.listen, or \"off\""
            )
        })?;
    let address = server.addrs().first().copied().unwrap_or(listen);
    Ok(Some((server.run(), address)))
}

/// Everything in the text format of Prometheus.
async fn metrics(hub: web::Data<Hub>) -> Result<HttpResponse, HttpError> {
    figures::refresh_gauges(&hub);
    let text = hub.metrics.render().map_err(|error| {
        tracing::error!(%error, "the metrics could not be written");
        HttpError::new(
            ErrorCode::Internal,
            "the metrics could not be written; the log says why",
        )
    })?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(text))
}
