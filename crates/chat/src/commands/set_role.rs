//! `set_role`: what a member is from now on.

use std::sync::Arc;

use rookery_protocol::{Role, client_frame::SetRole, server_frame::RoomNotice};
use rookery_store::{RoomChange, Step, Told, When};

use super::{
    change::{self, MemberChange, MemberEvent},
    membership,
};
use crate::{
    caller::Caller,
    chat::Chat,
    policy::{self, Action},
    refusal::Refusal,
};

/// Gives a member another role. Who lowers their own needs no other.
///
/// # Errors
///
/// Where the caller may not, or the other is no member.
pub(super) async fn set_role(
    chat: &Arc<Chat>,
    caller: Caller<'_>,
    SetRole { room, user, role }: SetRole,
) -> Result<(), Refusal> {
    change::forbid_in_direct(&room)?;
    let by = caller.user;
    let action = match role {
        Role::Admin | Role::Owner => Action::Own,
        Role::Readonly | Role::Member => Action::Restrain,
    };
    let of_oneself = user == by.id;
    let person = change::called(chat, &user).await?;
    let told = MemberEvent {
        user: &person,
        change: MemberChange::Role,
        role: Some(role),
        by: Some(by),
    };
    let step = Step::Rank {
        user: user.clone(),
        role: Some(role),
        when: When::Member,
    };
    let tell = Step::Tell {
        body: told.body(),
        told: Told::Everywhere,
    };
    let wanted = RoomChange {
        room: room.clone(),
        by: by.id.clone(),
        least: (!of_oneself).then(|| policy::least_member(action)),
        known: None,
        steps: vec![step, tell],
    };
    if change::carry_out(chat, wanted).await?.changed {
        membership::tell(chat, &user, &room, RoomNotice::Changed).await;
    }
    Ok(())
}
