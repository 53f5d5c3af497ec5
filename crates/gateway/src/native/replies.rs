//! How a client is answered.

use std::rc::Rc;

use bytes::Bytes;
use rookery_chat::{Refusal, Retry};
use rookery_protocol::{ErrorCode, RequestId};

use crate::{
    wire,
    worker::{Connection, Worker},
};

impl Connection {
    /// Answers a command that is not carried out.
    pub(super) fn refuse(
        self: &Rc<Self>,
        id: Option<RequestId>,
        refusal: Refusal,
        worker: &Worker,
    ) {
        if refusal.is_fault() {
            self.span().in_scope(|| refusal.log_fault());
        }
        let retry_after_ms = refusal.retry.map(|retry| match retry {
            Retry::AfterMs(ms) => ms,
            Retry::Spread => worker.node.chat.spread.next_ms(),
        });
        if refusal.code == ErrorCode::RateLimited {
            worker.node.metrics.frames_rate_limited.inc();
        }
        self.answer(wire::refused(id, refusal, retry_after_ms), worker);
    }

    /// Answers a command that may carry an id: refusals always, the rest only with one.
    pub(super) fn reply<R>(
        self: &Rc<Self>,
        id: Option<RequestId>,
        reply: Result<R, Refusal>,
        bytes: impl FnOnce(&RequestId, R) -> Bytes,
        worker: &Worker,
    ) {
        match (reply, id) {
            (Ok(reply), Some(id)) => self.answer(bytes(&id, reply), worker),
            (Ok(_), None) => {}
            (Err(refusal), id) => self.refuse(id, refusal, worker),
        }
    }
}
