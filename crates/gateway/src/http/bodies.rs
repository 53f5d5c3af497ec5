//! What bodies of requests may take: bytes, all together, and time.
//!
//! A body that comes slowly, or from many at once, must neither hold memory
//! nor a connection for as long as its sender likes.

use std::{
    fmt, io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
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

use crate::hub::Hub;

/// The bytes of all bodies that are being read on this node.
#[derive(Debug, Default)]
pub(crate) struct Bodies(Arc<AtomicUsize>);

/// A share of them, given back when it is dropped.
struct Share {
    all: Arc<AtomicUsize>,
    most: usize,
    bytes: usize,
}

impl Share {
    fn grow(&mut self, bytes: usize) -> Result<(), BodyError> {
        let all = self.all.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.bytes += bytes;
        match self.most {
            most if most != 0 && all > most => Err(BodyError::TooMany),
            _ => Ok(()),
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.all.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Why the reading of a body was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyError {
    /// Too many bytes of bodies are being read.
    TooMany,
    /// It did not come in time.
    TooSlow,
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooMany => {
                "this node reads too many bodies just now (http.all_bodies_bytes); try again"
            }
            Self::TooSlow => "the body did not come in time (http.body_ms)",
        })
    }
}

impl std::error::Error for BodyError {}

impl BodyError {
    /// The one that is behind a failure to read a body, if one is.
    pub(super) fn behind(error: &PayloadError) -> Option<Self> {
        match error {
            PayloadError::Io(error) => error.get_ref()?.downcast_ref().copied(),
            _ => None,
        }
    }
}

/// Puts the limits before whatever reads the body of a request.
pub(super) async fn bound(
    hub: web::Data<Hub>,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let payload = request.take_payload();
    if matches!(payload, Payload::None) {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    let settings = &hub.settings.http;
    let body = Body {
        payload,
        share: Share {
            all: Arc::clone(&hub.bodies.0),
            most: settings.all_bodies_bytes,
            bytes: 0,
        },
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
    share: Share,
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
