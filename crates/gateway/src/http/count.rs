//! Counts what was asked of the clients' listener, and how it was answered.

use actix_web::{
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::ConnectionType,
    middleware::Next,
    web,
};

use crate::{metrics::Route, node::Node};

/// Carries the request out and counts it. A request whose client hung up before
/// it was answered is not counted. Where the node is about to end, the
/// connection ends with the answer: who asks again is to reach another node.
pub(super) async fn count<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> actix_web::Result<ServiceResponse<B>> {
    let node = request.app_data::<web::Data<Node>>().cloned();
    let path_route = Route::of(None, request.path());
    let mut answered = next.call(request).await;
    let Some(node) = node else { return answered };
    let (route, status) = match &answered {
        Ok(response) => (route_of(response), response.status()),
        Err(error) => (path_route, error.as_response_error().status_code()),
    };
    node.metrics.http_answered(route, status.as_u16());
    if let Ok(response) = &mut answered
        && node.chat.health.readiness().is_draining()
    {
        let head = response.response_mut().head_mut();
        head.set_connection_type(ConnectionType::Close);
    }
    answered
}

fn route_of<B>(response: &ServiceResponse<B>) -> Route {
    let request = response.request();
    Route::of(request.match_pattern().as_deref(), request.path())
}
