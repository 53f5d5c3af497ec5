//! A page of messages as the body of an answer. It is handed to the connection in
//! pieces, and counts for its user and for the node until it was taken or given up.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use actix_web::body::{BodySize, MessageBody};
use bytes::Bytes;

/// How many bytes are handed to the connection at once: what it has taken it
/// copies, and holds by itself.
const PIECE: usize = 32 * 1024;

/// A body of bytes that carry their claim.
pub(super) struct PageBody(pub(super) Bytes);

impl MessageBody for PageBody {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.0.len() as u64)
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        if self.0.is_empty() {
            return Poll::Ready(None);
        }
        let piece = PIECE.min(self.0.len());
        Poll::Ready(Some(Ok(self.0.split_to(piece))))
    }
}
