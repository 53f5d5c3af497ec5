//! What bodies of requests may take: bytes, all together, and time.
//!
//! A body that comes slowly, or from many at once, must neither hold memory
//! nor a connection for as long as its sender likes.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use actix_web::{
    Error, HttpMessage,
    body::{BoxBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    error::PayloadError,
    middleware::Next,
    web,
};
use bytes::Bytes;
use futures_util::Stream;
use tokio::time::{Sleep, sleep};

use crate::{
    node::Node,
    request::{BodyError, BodyShare},
};

/// Puts the limits before whatever reads the body of a request.
pub(super) async fn bound(
    node: web::Data<Node>,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let payload = request.take_payload();
    if matches!(payload, Payload::None) {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    let settings = &node.settings.http;
    let body = Body {
        payload,
        share: node.bodies.share(settings.all_bodies_bytes),
        late: match settings.body_ms {
            0 => None,
            ms => Some(Box::pin(sleep(Duration::from_millis(ms)))),
        },
    };
    request.set_payload(Payload::Stream {
        payload: Box::pin(body),
    });
    Ok(next.call(request).await?.map_into_boxed_body())
}

/// A body as it comes, within the limits.
struct Body {
    payload: Payload,
    share: BodyShare,
    late: Option<Pin<Box<Sleep>>>,
}

impl Stream for Body {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = Pin::new(&mut self.payload).poll_next(context);
        match next {
            Poll::Ready(Some(Ok(chunk))) => Poll::Ready(Some(
                self.share
                    .grow(chunk.len())
                    .map(|()| chunk)
                    .map_err(|error| PayloadError::Io(io::Error::other(error))),
            )),
            Poll::Pending => {
                let Some(late) = &mut self.late else {
                    return Poll::Pending;
                };
                let late = late.as_mut().poll(context);
                late.map(|()| {
                    let error = io::Error::other(BodyError::TooSlow);
                    Some(Err(PayloadError::Io(error)))
                })
            }
            other => other,
        }
    }
}
