//! One person who watches the live view: a plain WebSocket through actix-ws.

use std::{sync::Arc, time::Duration};

use actix_web::{HttpRequest, HttpResponse, web};
use actix_ws::{CloseCode, CloseReason, Closed, Message, MessageStream, Session};
use rookery_protocol::ErrorCode;
use tokio::sync::broadcast::error::RecvError;

use super::sampler::{Sampler, Viewer};
use crate::{http::HttpError, node::Node, request::origin::headers_allowed};

/// The most bytes of a message from the page, which has nothing to say.
const FRAME_BYTES: usize = 1024;

/// How long a viewer may take to read one second's figures.
const PATIENCE: Duration = Duration::from_secs(5);

/// Takes a viewer in.
pub(super) async fn view(
    request: HttpRequest,
    body: web::Payload,
    node: web::Data<Node>,
    sampler: web::Data<Sampler>,
) -> actix_web::Result<HttpResponse> {
    if !headers_allowed(request.headers(), &[]) {
        let message = "the live view is only for its own page";
        return Err(HttpError::new(ErrorCode::Forbidden, message).into());
    }
    let viewer = sampler.into_inner().viewer().ok_or_else(|| {
        HttpError::new(
            ErrorCode::Unavailable,
            "as many people watch this node as may; close another view",
        )
    })?;
    let (response, session, messages) = actix_ws::handle(&request, body)?;
    actix_web::rt::spawn(watch(
        node.into_inner(),
        viewer,
        session,
        messages.max_frame_size(FRAME_BYTES),
    ));
    Ok(response)
}

/// Sends figures until the viewer goes or the node has said its last.
async fn watch(node: Arc<Node>, viewer: Viewer, mut session: Session, mut messages: MessageStream) {
    let (so_far, mut latest) = viewer.watch();
    let mut next = Some(so_far);
    loop {
        if let Some(figures) = next.take() {
            let sent = tokio::time::timeout(PATIENCE, session.text(figures)).await;
            if !matches!(sent, Ok(Ok(()))) {
                return;
            }
        }
        tokio::select! {
            message = messages.recv() => match message {
                Some(Ok(message)) if answer(&mut session, &message).await.is_ok() => {}
                _ => return,
            },
            figures = latest.recv() => match figures {
                Ok(figures) => next = Some(figures.to_string()),
                // The next ones are as good.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            },
        }
        let over =
            node.chat.health.readiness().is_draining() && node.metrics.connections.get() == 0;
        if over {
            // The node is ending; whether the viewer hears it makes no difference.
            let _ = session
                .close(Some(CloseReason::from(CloseCode::Away)))
                .await;
            return;
        }
    }
}

/// Keeps the WebSocket's own manners; an error ends the view.
async fn answer(session: &mut Session, message: &Message) -> Result<(), Closed> {
    match message {
        Message::Ping(bytes) => session.pong(bytes).await,
        Message::Close(_) => Err(Closed),
        _ => Ok(()),
    }
}
