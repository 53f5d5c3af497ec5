//! `typing`: told to the room, stored nowhere.

use std::rc::Rc;

use rookery_protocol::{RoomId, server_frame::RoomKind};

use crate::{
    caller::Caller,
    chat::Chat,
    policy::{self, Action, Role},
    refusal::Refusal,
    session::Session,
};

/// Who writes where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typing {
    /// The room.
    pub room: RoomId,
    /// Whether they write, or no longer do.
    pub on: bool,
}

/// Has the room's sessions told, here and on the other nodes.
///
/// # Errors
///
/// Where the session has not joined the room.
pub fn typing(
    chat: &Chat,
    caller: Caller<'_>,
    session: &Rc<Session>,
    arguments: &Typing,
) -> Result<(), Refusal> {
    let Typing { room, on } = arguments;
    let role = match session.has_joined(room) {
        true => Role::Member,
        false => Role::Stranger,
    };
    policy::require(RoomKind::Public, role, Action::Type, room)?;
    chat.rooms.typing(room, caller.user, *on);
    Ok(())
}
