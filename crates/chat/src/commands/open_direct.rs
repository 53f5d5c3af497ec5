//! `open_direct`: the room of two people, made where it is not there.

use std::sync::Arc;

use rookery_protocol::{Role, RoomId, UserId, client_frame::OpenDirect, server_frame::RoomKind};
use rookery_store::{RoomChange, Step, StoreError, When};

use super::{
    blocks,
    change::{self, Row},
    membership,
};
use crate::{caller::Caller, chat::Chat, policy, refusal::Refusal};

/// Makes it where it is not there; whether it was made.
///
/// # Errors
///
/// Where the other one was never heard of.
pub(super) async fn open_direct(
    chat: &Arc<Chat>,
    caller: Caller<'_>,
    OpenDirect { user: other }: OpenDirect,
) -> Result<(Row, bool), Refusal> {
    let user = caller.user;
    if other == user.id {
        return Err(Refusal::bad_request(
            "a direct room is one with somebody else",
        ));
    }
    let other = change::person(chat, &other).await?;
    blocks::check(chat, &user.id, &other.id).await?;
    chat.store.note_person(user).await?;
    let room = policy::direct_room(&user.id, &other.id);
    let made = match chat.store.room(&room, &user.id).await {
        Ok(_) => false,
        Err(StoreError::NoSuchRoom(_)) => make(chat, &room, &user.id, &other.id).await?,
        Err(error) => return Err(error.into()),
    };
    if made {
        // Whoever blocked the other meanwhile found no room.
        blocks::apply(chat, &user.id, &other.id).await?;
        membership::began(chat, &room, [&user.id, &other.id]).await;
    }
    let row = change::row(chat, &room, &user.id, Some(other)).await?;
    Ok((row, made))
}

async fn make(
    chat: &Arc<Chat>,
    room: &RoomId,
    user: &UserId,
    other: &UserId,
) -> Result<bool, Refusal> {
    let member = |user: &UserId| Step::Rank {
        user: user.clone(),
        role: Some(Role::Member),
        when: When::Stranger,
    };
    let kind = RoomKind::Direct;
    let name = String::new();
    let steps = vec![Step::Make { kind, name }, member(user), member(other)];
    let change = RoomChange {
        room: room.clone(),
        by: user.clone(),
        least: None,
        known: None,
        steps,
    };
    match chat.store.change_room(&change).await {
        Ok(_) => Ok(true),
        // Both wrote to each other at once.
        Err(StoreError::RoomExists(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
