//! `leave`: no longer receiving, and no longer a member.

use std::rc::Rc;

use rookery_protocol::RoomId;

use crate::{
    caller::Caller,
    chat::Chat,
    delivery::Instruction,
    refusal::Refusal,
    session::{Departure, Seat, Session},
};

/// Ends receiving at once, and the membership in the store behind whatever was
/// asked before. Leaving a room that the session is not in ends the membership
/// all the same: another tab may have joined it. Nothing of the room comes behind
/// what is in the worker's inbox when this is done.
///
/// # Errors
///
/// Where the store did not hear of it.
pub async fn leave(
    chat: &Chat,
    caller: Caller<'_>,
    session: &Rc<Session>,
    room: &RoomId,
) -> Result<(), Refusal> {
    // A join that is being carried out finds its seat gone.
    if session.give_up_seat(room) == Some(Seat::Joined) {
        let at = session.at();
        let detach = Instruction::Detach {
            room: room.clone(),
            connection: at.connection,
        };
        chat.inboxes.give(at.worker, detach);
        session.depart(room, Departure::OnPurpose);
    }
    // The first look at it puts it into the store's queue, in the order of the commands.
    Ok(chat.store.forget_member(&caller.user.id, room).await?)
}
