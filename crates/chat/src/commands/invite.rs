//! `invite`: people become members at once.

use std::sync::Arc;

use rookery_protocol::{Role, RoomId, UserId, client_frame::Invite, server_frame::RoomNotice};
use rookery_store::{Step, StoreError, Told, When};

use super::{
    change::{self, MemberChange, MemberEvent},
    create_room::known_people,
};
use crate::{
    caller::Caller,
    chat::Chat,
    policy::{self, Action},
    refusal::Refusal,
};

/// Makes them members; who is one stays what they are.
///
/// # Errors
///
/// Where the caller may not, or one of them was never heard of or is banned: then nobody
/// becomes one.
pub(super) async fn invite(
    chat: &Arc<Chat>,
    caller: Caller<'_>,
    Invite { room, mut users }: Invite,
) -> Result<(), Refusal> {
    change::forbid_in_direct(&room)?;
    users.sort_unstable();
    users.dedup();
    policy::check_many(users.len())?;
    let by = caller.user;
    // To somebody who may not look into the room it is not told who there is.
    chat.store.room(&room, &by.id).await?;
    let people = known_people(chat, users).await?;
    let mut steps = Vec::new();
    for person in &people {
        steps.push(Step::Rank {
            user: person.id.clone(),
            role: Some(Role::Member),
            when: When::Stranger,
        });
        let joined = MemberEvent {
            user: person,
            change: MemberChange::Joined,
            role: None,
            by: Some(by),
        };
        steps.push(Step::Tell {
            body: joined.body(),
            told: Told::InClosedRooms,
        });
    }
    if steps.is_empty() {
        return Ok(());
    }
    let wanted = change::change(&room, &by.id, Action::Invite, steps);
    change::carry_out(chat, wanted).await?;
    for person in &people {
        remember(chat, &person.id, &room).await?;
        change::tell(chat, &person.id, &room, RoomNotice::Made).await;
    }
    Ok(())
}

/// Puts a room into the list of a user who has become a member of it, read up to its end. One
/// who is in as many rooms as they may be has it there when they join it, with room for it.
pub(super) async fn remember(chat: &Chat, user: &UserId, room: &RoomId) -> Result<(), Refusal> {
    let heads = chat.store.heads(std::slice::from_ref(room)).await?;
    let seq = heads
        .into_iter()
        .flatten()
        .next()
        .map_or(0, |head| head.seq);
    match chat.store.remember_member(user, room, seq).await {
        Err(StoreError::TooManyRooms { .. }) => Ok(()),
        remembered => Ok(remembered?),
    }
}
