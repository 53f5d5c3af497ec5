//! The reply to a `join`, on its way to the worker that writes it.

use std::sync::Arc;

use bytes::Bytes;
use rookery_protocol::{RequestId, RoomId};

use crate::{
    limits::{Share, UserShare, carry},
    snapshot::Snapshot,
};

/// What somebody who came in is shown. Its events are shared with everybody who
/// is shown the same.
#[derive(Debug)]
pub struct JoinReply {
    /// The id of the request that it answers.
    pub id: RequestId,
    pub(crate) snapshot: Arc<Snapshot>,
    /// Who is online, as a list in JSON.
    pub(crate) online: Bytes,
    pub(crate) online_count: u64,
    /// What the reply takes of its user's bytes, and the events behind it of the node's.
    pub(crate) shares: (UserShare, Share),
}

impl JoinReply {
    /// The `ok` to the join as JSON, in two pieces of which the second is shared:
    /// what the reply takes counts for as long as anybody holds that.
    pub fn into_json(self, room: &RoomId) -> (Vec<u8>, Bytes) {
        let head = self
            .snapshot
            .head_json(&self.id, room, &self.online, self.online_count);
        (head, carry(self.snapshot.items().clone(), self.shares))
    }
}
