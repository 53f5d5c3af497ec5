//! `remove`: somebody is a member no more.

use std::sync::Arc;

use rookery_protocol::{client_frame::Remove, server_frame::RoomNotice};
use rookery_store::{Step, Told, When};

use super::{
    change::{self, MemberChange, MemberEvent},
    membership,
};
use crate::{caller::Caller, chat::Chat, policy::Action, refusal::Refusal};

/// Removes a member. Nothing of theirs is stored behind that, and nothing reaches them.
///
/// # Errors
///
/// Where the caller may not, or the other is no member.
pub(super) async fn remove(
    chat: &Arc<Chat>,
    caller: Caller<'_>,
    Remove { room, user }: Remove,
) -> Result<(), Refusal> {
    change::forbid_in_direct(&room)?;
    let by = caller.user;
    if user == by.id {
        return Err(Refusal::bad_request("to go oneself is to `leave`"));
    }
    let person = change::called(chat, &user).await?;
    let removed = MemberEvent {
        user: &person,
        change: MemberChange::Removed,
        role: None,
        by: Some(by),
    };
    let step = Step::Rank {
        user: user.clone(),
        role: None,
        when: When::Member,
    };
    let tell = Step::Tell {
        body: removed.body(),
        told: Told::Everywhere,
    };
    let wanted = change::change(&room, &by.id, Action::Restrain, vec![step, tell]);
    change::carry_out(chat, wanted).await?;
    membership::ended(chat, &room, [&user], RoomNotice::Removed).await;
    Ok(())
}
