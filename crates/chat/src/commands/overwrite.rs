//! What `edit` and `delete` have in common: an event that changes an earlier message.

use std::sync::Arc;

use rookery_protocol::{ErrorCode, EventBody, EventKind, Nonce, RoomId, User};
use rookery_store::{Append, Denied, Overwrite, Replacement, StoreError};
use serde::Serialize;

use super::send::{Stored, deliver};
use crate::{caller::Caller, chat::Chat, refusal::Refusal};

/// The message that is changed.
pub(super) struct Target {
    pub(super) room: RoomId,
    pub(super) seq: u64,
    /// The client's own id of the change.
    pub(super) nonce: Option<Nonce>,
}

/// What the event says of itself; what is read of it as bytes needs this order.
#[derive(Serialize)]
struct Overwritten<'a> {
    target: u64,
    by: &'a User,
}

/// The event that changes the message.
pub(super) fn event(chat: &Chat, by: &User, target: Target, with: Replacement) -> Append {
    let Target { room, seq, nonce } = target;
    let kind = match with {
        Replacement::Text(_) => EventKind::Edited,
        Replacement::Deletion => EventKind::Deleted,
    };
    Append {
        known: chat.rooms.followed(&room).and_then(|room| room.known()),
        room,
        user: by.id.clone(),
        nonce,
        body: EventBody::of(kind, &Overwritten { target: seq, by }),
        overwrite: Some(Overwrite { seq, with }),
    }
}

/// Changes the message. Its turn is that of the first poll.
///
/// # Errors
///
/// Where there is no such message, or the caller may not.
pub(super) async fn overwrite(
    chat: &Arc<Chat>,
    caller: Caller<'_>,
    target: Target,
    with: Replacement,
) -> Result<Stored, Refusal> {
    let room = target.room.clone();
    let not_yours = match with {
        Replacement::Text(_) => "somebody else wrote that, and nobody else changes it",
        Replacement::Deletion => "somebody else wrote that; only admins of the room take it away",
    };
    let appended = chat.store.append(event(chat, caller.user, target, with));
    let appended = appended.await.map_err(|error| match error {
        StoreError::Denied {
            denied: Denied::Role,
            ..
        } => Refusal::new(ErrorCode::Forbidden, not_yours),
        error => error.into(),
    })?;
    let stored = Stored {
        seq: appended.seq,
        ts: appended.ts,
        duplicate: appended.event.is_none(),
    };
    deliver(chat, &room, appended);
    Ok(stored)
}
