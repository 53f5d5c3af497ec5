//! `delete`: a message is taken back, and nothing is left of it.

use std::sync::Arc;

use rookery_protocol::{EventBody, EventKind, User, client_frame};
use rookery_store::{Append, Overwrite, Replacement, StoreError};
use serde::Serialize;

use super::send::{Stored, deliver};
use crate::{caller::Caller, chat::Chat, refusal::Refusal};

/// What a `deleted` event says.
#[derive(Serialize)]
struct Deleted<'a> {
    target: u64,
    by: &'a User,
}

/// Deletes the message. Its turn is that of the command's first poll. Who deletes what is
/// deleted already is told of the first deletion.
///
/// # Errors
///
/// Where there is no such message, or the caller neither wrote it nor keeps order there.
pub(super) async fn delete(
    chat: &Arc<Chat>,
    caller: Caller<'_>,
    arguments: client_frame::Delete,
) -> Result<Stored, Refusal> {
    let client_frame::Delete {
        room,
        target,
        nonce,
    } = arguments;
    let user = caller.user;
    let deleted = Deleted { target, by: user };
    let known = chat.rooms.followed(&room).and_then(|room| room.known());
    let appending = chat.store.append(Append {
        room: room.clone(),
        user: user.id.clone(),
        nonce,
        body: EventBody::of(EventKind::Deleted, &deleted),
        known,
        overwrite: Some(Overwrite {
            seq: target,
            with: Replacement::Deletion,
        }),
    });
    let appended = appending.await.map_err(|error| match error {
        StoreError::Denied {
            denied: rookery_store::Denied::Role,
            room,
        } => Refusal::not_yours(&room),
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
