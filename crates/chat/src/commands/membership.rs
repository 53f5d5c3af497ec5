//! What is done for people behind a change of who they are in a room: it stands in their list
//! of rooms, and all their sessions are told.
//!
//! The change itself is done then, so nothing here makes a command fail. A list that lacks a
//! room has it when its user comes into it; one that has a room too much is not believed.

use futures_util::{StreamExt, stream};
use rookery_protocol::{RoomId, UserId, server_frame::RoomNotice};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::chat::Chat;

/// For so many people at once it is done.
const AT_ONCE: usize = 16;

/// These people have become members of a room, read up to its end.
pub(super) async fn began<'a>(
    chat: &Chat,
    room: &RoomId,
    users: impl IntoIterator<Item = &'a UserId>,
) {
    let heads = chat.store.heads(std::slice::from_ref(room)).await;
    let head = heads.unwrap_or_default().into_iter().flatten().next();
    let seq = head.map_or(0, |head| head.seq);
    let each = stream::iter(users.into_iter().cloned().collect::<Vec<_>>());
    each.for_each_concurrent(AT_ONCE, |user| async move {
        // One who is in as many rooms as they may be has it there when they join it.
        if let Err(error) = chat.store.remember_member(&user, room, seq).await {
            tracing::debug!(%error, %user, %room, "a list of rooms lacks a room");
        }
        tell(chat, &user, room, RoomNotice::Made).await;
    })
    .await;
}

/// These people are members no more.
pub(super) async fn ended<'a>(
    chat: &Chat,
    room: &RoomId,
    users: impl IntoIterator<Item = &'a UserId>,
    notice: RoomNotice,
) {
    let each = stream::iter(users.into_iter().cloned().collect::<Vec<_>>());
    each.for_each_concurrent(AT_ONCE, |user| async move {
        if let Err(error) = chat.store.forget_member(&user, room).await {
            tracing::debug!(%error, %user, %room, "a list of rooms has a room too much");
        }
        tell(chat, &user, room, notice).await;
    })
    .await;
}

/// Tells all sessions of a user what became of a room for them. Who is not connected finds
/// it in the list of rooms; so it is no failure where the others could not be told.
pub(super) async fn tell(chat: &Chat, user: &UserId, room: &RoomId, change: RoomNotice) {
    #[derive(Serialize)]
    struct Frame<'a> {
        r#type: &'static str,
        room: &'a RoomId,
        change: RoomNotice,
    }
    let frame = Frame {
        r#type: "room",
        room,
        change,
    };
    let frame = serde_json::to_string(&frame).ok();
    let Some(frame) = frame.and_then(|json| RawValue::from_string(json).ok()) else {
        return;
    };
    if let Err(error) = chat.tell_user(user, &frame).await {
        tracing::debug!(%error, %user, "the other nodes could not be told");
    }
}
