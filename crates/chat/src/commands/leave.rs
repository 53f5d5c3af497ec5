//! `leave`: no longer receiving, and no longer a member.

use std::{rc::Rc, sync::Arc};

use futures_util::FutureExt;
use rookery_protocol::{
    Control, RoomId, User, UserId,
    server_frame::{RoomKind, RoomNotice},
};
use rookery_store::{RoomChange, RoomChanged, Step, StoreError, Told, When};

use super::{
    change::{self, MemberChange, MemberEvent},
    membership,
    unfollow::stop_following,
};
use crate::{caller::Caller, chat::Chat, refusal::Refusal, session::Session};

/// Ends receiving at once, and the membership in the store behind whatever was
/// asked before. Leaving a room that the session is not in ends the membership
/// all the same: another tab may have joined it. Nothing of the room comes behind
/// what is in the worker's inbox when this is done.
///
/// # Errors
///
/// Where the caller may not leave, or the store did not hear of it.
pub async fn leave(
    chat: &Arc<Chat>,
    caller: Caller<'_>,
    session: &Rc<Session>,
    room: &RoomId,
) -> Result<(), Refusal> {
    change::forbid_in_direct(room)?;
    stop_following(chat, session, room);
    let ending = end(Arc::clone(chat), caller.user.clone(), room.clone());
    let turn = session.turn(room);
    let work = async {
        let _turn = turn.await;
        ending.await
    };
    // The first look at it puts it into the store's queue, in the order of the commands.
    chat.background.carry_out(work.boxed()).await
}

/// Ends the membership, and with it the following on all connections.
///
/// # Errors
///
/// Where the caller may not leave, or the store did not hear of it.
pub(super) async fn leave_everywhere(
    chat: &Arc<Chat>,
    caller: Caller<'_>,
    room: RoomId,
) -> Result<(), Refusal> {
    change::forbid_in_direct(&room)?;
    end(Arc::clone(chat), caller.user.clone(), room).await
}

/// Ends the membership, if nobody drops it meanwhile.
pub(super) async fn end(chat: Arc<Chat>, user: User, room: RoomId) -> Result<(), Refusal> {
    let left = MemberEvent {
        user: &user,
        change: MemberChange::Left,
        role: None,
        by: None,
    };
    let wanted = RoomChange {
        room: room.clone(),
        by: user.id.clone(),
        least: None,
        known: None,
        steps: vec![
            Step::Rank {
                user: user.id.clone(),
                role: None,
                when: When::MemberIfAny,
            },
            Step::Tell {
                body: left.body(),
                told: Told::InClosedRooms,
            },
        ],
    };
    let changed = match change::carry_out(&chat, wanted).await {
        Ok(changed) => changed,
        // Whoever is banned, or is in no such room, is a member of nothing there.
        Err(StoreError::NoSuchRoom(_)) => {
            return Ok(chat.store.forget_member(&user.id, &room).await?);
        }
        Err(error) => return Err(error.into()),
    };
    let forgetting = chat.store.forget_member(&user.id, &room);
    // While the list is changed, not before: a session that begins then is told or sees it.
    let telling = tell(&chat, &user.id, &room, &changed);
    let (forgotten, ()) = futures_util::future::join(forgetting, telling).await;
    // Whoever asks again is a member of nothing there, and the list is changed.
    Ok(forgotten?)
}

/// Tells all sessions of the user, if they were a member until now.
async fn tell(chat: &Chat, user: &UserId, room: &RoomId, changed: &RoomChanged) {
    match changed.kind {
        _ if !changed.changed => {}
        // The log says nothing of it: each node sees to its connections, and tells them.
        RoomKind::Public => {
            let (room, user) = (room.clone(), user.clone());
            chat.command_all(Control::Left { room, user }).await;
        }
        _ => membership::tell(chat, user, room, RoomNotice::Left).await,
    }
}
