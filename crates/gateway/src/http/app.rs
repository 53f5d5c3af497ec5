//! The application of the clients' listener.

use std::sync::Arc;

use actix_web::{
    App, Scope,
    body::MessageBody,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    middleware::from_fn,
    web,
};

use super::{
    accounts, admitz, api, bodies, cors, count, error, fallback, guest, healthz, messages,
    only_get, page, readyz,
};
use crate::node::Node;

/// Everything that is served beside `/ws`.
pub(crate) fn app(
    node: Arc<Node>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = actix_web::Error,
        InitError = (),
    >,
> {
    let body_bytes = match node.settings.http.body_bytes {
        0 => usize::MAX,
        bytes => bytes,
    };
    let json = web::JsonConfig::default()
        .limit(body_bytes)
        .error_handler(error::of_json);
    App::new()
        .wrap(from_fn(count::count))
        .app_data(web::Data::from(node))
        .app_data(json)
        .app_data(web::PayloadConfig::new(body_bytes))
        .app_data(web::QueryConfig::default().error_handler(error::of_query))
        .service(only_get(web::resource("/healthz"), healthz))
        .service(only_get(web::resource("/readyz"), readyz))
        .service(only_get(web::resource("/admitz"), admitz))
        .service(only_get(web::resource("/ws"), fallback::upgrade_required))
        .service(
            scope()
                .wrap(from_fn(bodies::bound))
                .wrap(from_fn(cors::check_origin)),
        )
        .default_service(web::to(page::page))
}

fn scope() -> Scope {
    // What is exact goes before what has a part of its own: `refresh` is no session.
    let scope = web::scope("/api").service(
        web::resource("/v1/sessions/refresh")
            .app_data(accounts::body())
            .post(accounts::refresh)
            .default_service(web::to(|| fallback::wrong_method("POST"))),
    );
    api::add_to(scope)
        .service(
            web::resource("/v1/guest")
                .app_data(guest::body())
                .get(guest::taken)
                .post(guest::guest)
                .default_service(web::to(|| fallback::wrong_method("GET, POST"))),
        )
        .service(
            web::resource("/v1/accounts")
                .app_data(accounts::body())
                .post(accounts::register)
                .default_service(web::to(|| fallback::wrong_method("POST"))),
        )
        .service(
            web::resource("/v1/rooms/{room}/messages")
                .get(messages::page)
                .post(messages::post)
                .default_service(web::to(|| fallback::wrong_method("GET, POST"))),
        )
        .default_service(web::to(fallback::no_such_call))
}
