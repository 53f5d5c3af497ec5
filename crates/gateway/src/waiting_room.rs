//! What a node answers while it waits for its store at the start: that it lives,
//! that it is not ready and why, its metrics, and to everybody else that they
//! are to come again.

use std::sync::Arc;

use actix_http::KeepAlive;
use actix_server::{Server, ServerHandle};
use actix_web::{
    App, HttpResponse, HttpServer,
    http::{StatusCode, header},
    middleware::from_fn,
    web,
};
use rookery_chat::{Spread, health::Readiness};
use rookery_protocol::{ErrorCode, ServerId};
use serde_json::json;

use crate::{
    admin,
    http::{healthz, only_get, readyz_at_the_start},
    listeners::Listeners,
    metrics::Metrics,
    settings::Settings,
};

/// The servers of that time.
pub(crate) struct WaitingRoom(Vec<ServerHandle>);

impl WaitingRoom {
    /// Answers on these listeners until it is closed. Must be called in an actix system.
    ///
    /// # Errors
    ///
    /// When a server cannot be started.
    pub(crate) fn open(
        listeners: Listeners,
        settings: &Arc<Settings>,
        metrics: &Arc<Metrics>,
        readiness: &Arc<Readiness>,
        server_id: &ServerId,
    ) -> std::io::Result<Self> {
        let readiness = web::Data::from(Arc::clone(readiness));
        let server_id = web::Data::new(server_id.clone());
        let mut handles = Vec::new();
        if let Some(listener) = listeners.operators {
            let (readiness, server_id) = (readiness.clone(), server_id.clone());
            let metrics = web::Data::from(Arc::clone(metrics));
            let settings = web::Data::from(Arc::clone(settings));
            let server = HttpServer::new(move || {
                App::new()
                    .wrap(from_fn(admin::check_host))
                    .app_data(settings.clone())
                    .app_data(metrics.clone())
                    .app_data(readiness.clone())
                    .app_data(server_id.clone())
                    .configure(health)
                    .service(only_get(
                        web::resource("/metrics"),
                        admin::metrics_of_health,
                    ))
                    .default_service(web::to(no_view_yet))
            })
            .workers(1)
            .disable_signals()
            // Whoever comes again is to find the node, not this.
            .keep_alive(KeepAlive::Disabled)
            .listen(listener)?;
            handles.push(run_apart(server.run()));
        }
        let spread = web::Data::new(Spread::default());
        let server = HttpServer::new(move || {
            App::new()
                .app_data(readiness.clone())
                .app_data(server_id.clone())
                .app_data(spread.clone())
                .configure(health)
                .default_service(web::to(come_again))
        })
        .workers(1)
        .disable_signals()
        // Whoever comes again is to find the node, not this.
        .keep_alive(KeepAlive::Disabled)
        .listen(listeners.clients)?;
        handles.push(run_apart(server.run()));
        Ok(Self(handles))
    }

    /// Answers nobody any more; who connects from now on waits for whoever listens next.
    pub(crate) async fn close(self) {
        for handle in self.0 {
            handle.stop(false).await;
        }
    }
}

fn run_apart(server: Server) -> ServerHandle {
    let handle = server.handle();
    actix_rt::spawn(server);
    handle
}

fn health(app: &mut web::ServiceConfig) {
    app.service(only_get(web::resource("/healthz"), healthz))
        .service(only_get(web::resource("/readyz"), readyz_at_the_start));
}

async fn come_again(spread: web::Data<Spread>) -> HttpResponse {
    let ms = spread.next_ms();
    let error = json!({
        "code": ErrorCode::Unavailable,
        "message": "this node waits for its store and can serve nobody yet",
        "retry_after_ms": ms,
    });
    HttpResponse::build(StatusCode::SERVICE_UNAVAILABLE)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::RETRY_AFTER, ms.div_ceil(1000).to_string()))
        .json(json!({ "error": error }))
}

async fn no_view_yet() -> HttpResponse {
    HttpResponse::ServiceUnavailable()
        .content_type("text/plain; charset=utf-8")
        .body("This node waits for its store; the log says why. There is a live view once it is there.\n")
}
