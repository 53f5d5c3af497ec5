//! `delete_room`: a room with everything in it is gone.

use std::sync::Arc;

use rookery_protocol::{Control, client_frame::DeleteRoom, server_frame::RoomNotice};
use rookery_store::MembersAsked;

use super::{change, membership};
use crate::{
    caller::Caller,
    chat::Chat,
    policy::{self, Action},
    refusal::Refusal,
};

/// So many of its members are told even where they do not follow the room; the others find
/// it gone from their list of rooms.
const MOST_TOLD: u32 = 200;

/// Takes it away. Whoever follows it is told, and hears nothing more.
///
/// # Errors
///
/// Where the caller may not.
pub(super) async fn delete_room(
    chat: &Arc<Chat>,
    caller: Caller<'_>,
    DeleteRoom { room }: DeleteRoom,
) -> Result<(), Refusal> {
    change::forbid_in_direct(&room)?;
    let user = &caller.user.id;
    let asked = MembersAsked {
        room: room.clone(),
        reader: user.clone(),
        role: None,
        after: None,
        limit: MOST_TOLD,
    };
    let members = chat.store.members(&asked).await?.members;
    let least = policy::least_member(Action::Own);
    if !chat.store.remove_room(&room, Some((user, least))).await? {
        return Err(Refusal::no_such_room(&room));
    }
    let gone = Control::RoomDeleted { room: room.clone() };
    chat.command_all(gone).await;
    let members = members.iter().map(|member| &member.place.user);
    membership::ended(chat, &room, members, RoomNotice::Deleted).await;
    Ok(())
}
