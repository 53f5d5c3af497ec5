//! `unfollow`: no longer receiving here, and a member all the same.

use std::{rc::Rc, sync::Arc};

use rookery_protocol::RoomId;

use super::{change, request::Reply};
use crate::{
    caller::Caller,
    chat::Chat,
    delivery::Instruction,
    refusal::Refusal,
    session::{Departure, Seat, Session},
};

/// Ends receiving on this connection, at once, and gives the room as it is then. One that is
/// not followed is given all the same. Nothing of the room comes behind what is in the
/// worker's inbox when this is done.
///
/// # Errors
///
/// Where the caller may not see the room (any more), or the store cannot be asked.
pub async fn unfollow(
    chat: &Arc<Chat>,
    caller: Caller<'_>,
    session: &Rc<Session>,
    room: &RoomId,
) -> Result<Reply, Refusal> {
    stop_following(chat, session, room);
    let row = change::row_for(chat, room, &caller.user.id).await?;
    Ok(Reply::of("row", &row))
}

/// Takes the session out of the room. A join that is being carried out finds its seat gone.
pub(super) fn stop_following(chat: &Chat, session: &Session, room: &RoomId) {
    if matches!(session.give_up_seat(room), Some(Seat::Joined(_))) {
        let at = session.at();
        let detach = Instruction::Detach {
            room: room.clone(),
            connection: at.connection,
        };
        chat.inboxes.give(at.worker, detach);
        session.depart(room, Departure::OnPurpose);
    }
}
