//! `typing`: told to the room, stored nowhere.

use std::rc::Rc;

use rookery_protocol::RoomId;

use crate::{caller::Caller, chat::Chat, refusal::Refusal, session::Session};

/// Who writes where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typing {
    /// The room.
    pub room: RoomId,
    /// Whether they write, or no longer do.
    pub on: bool,
}

/// Has the room's sessions told, here and on the other nodes. Where not everybody writes,
/// the store is asked whether this one may.
///
/// # Errors
///
/// Where the session has not joined the room, or its user may not write there.
pub async fn typing(
    chat: &Chat,
    caller: Caller<'_>,
    session: &Rc<Session>,
    arguments: &Typing,
) -> Result<(), Refusal> {
    let Typing { room, on } = arguments;
    if !session.has_joined(room) {
        return Err(Refusal::not_joined(room));
    }
    let followed = chat.rooms.followed(room);
    if followed.is_some_and(|room| room.is_guarded()) {
        chat.store.may_write(room, &caller.user.id).await?;
    }
    chat.rooms.typing(room, caller.user, *on);
    Ok(())
}
