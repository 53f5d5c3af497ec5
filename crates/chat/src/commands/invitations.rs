//! `create_invite`, `invites`, `revoke_invite`, `accept_invite`: coming in by a code.
//!
//! Whoever has a code may come in by it, so it must stand in no log, and to whom it is not
//! good nothing is told of its room.

use std::sync::Arc;

use rookery_protocol::{
    ErrorCode, InviteCode, Role, RoomId, User, UserId,
    client_frame::{AcceptInvite, CreateInvite, Invites, RevokeInvite},
};
use rookery_store::{Denied, RoomChange, Step, StoreError, Told, When, fresh_code};
use serde::Serialize;

use super::{
    change::{self, MemberChange, MemberEvent, Row},
    membership,
};
use crate::{caller::Caller, chat::Chat, policy::Action, refusal::Refusal};

const DAY_MS: u64 = 24 * 3_600_000;
/// How long an invitation is good where it is not said.
const USUAL_MS: u64 = 7 * DAY_MS;
/// The longest that one is good.
const MOST_MS: u64 = 366 * DAY_MS;

/// An invitation that was made.
#[derive(Debug, Serialize)]
pub(super) struct InviteMade {
    code: InviteCode,
    expires_at: u64,
}

/// An invitation, as whoever may take it back is told.
#[derive(Debug, Serialize)]
pub(super) struct InviteTold {
    code: InviteCode,
    by: User,
    expires_at: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    uses_left: Option<u32>,
}

/// What one invitation takes in an answer, with the longest id and name.
const INVITE_BYTES: usize = 1024;

/// The most bytes that a list of invitations is expected to have.
pub(super) fn most_bytes(chat: &Chat) -> usize {
    let most = usize::try_from(chat.settings.limits.invites_per_room);
    most.unwrap_or(usize::MAX).saturating_mul(INVITE_BYTES)
}

/// Makes an invitation.
///
/// # Errors
///
/// Where the caller may not invite, or the room has as many invitations as it may.
pub(super) async fn create_invite(
    chat: &Arc<Chat>,
    caller: Caller<'_>,
    arguments: CreateInvite,
) -> Result<InviteMade, Refusal> {
    let CreateInvite {
        room,
        expires_ms,
        uses,
    } = arguments;
    change::forbid_in_direct(&room)?;
    let expires_ms = expires_ms.unwrap_or(USUAL_MS);
    if !(1..=MOST_MS).contains(&expires_ms) {
        let message = format!("expires_ms must be 1 to {MOST_MS}");
        return Err(Refusal::bad_request(message));
    }
    if uses == Some(0) {
        let message = "uses must be at least 1; without it as many come in as want to";
        return Err(Refusal::bad_request(message));
    }
    let code = fresh_code(&room).map_err(|error| Refusal::bad_request(error.to_string()))?;
    let offer = Step::Offer {
        code: code.clone(),
        expires_ms,
        uses,
        most: chat.settings.limits.invites_per_room,
    };
    let wanted = change::change(&room, &caller.user.id, Action::Invite, vec![offer]);
    let made = change::carry_out(chat, wanted).await?;
    Ok(InviteMade {
        code,
        expires_at: made.at + expires_ms,
    })
}

/// The invitations that are good: to who keeps order all, to other members their own.
pub(super) async fn invites(
    chat: &Chat,
    caller: Caller<'_>,
    Invites { room }: Invites,
) -> Result<Vec<InviteTold>, Refusal> {
    let rows = chat.store.invites(&room, &caller.user.id).await?;
    let users: Vec<UserId> = rows.iter().map(|row| row.by.clone()).collect();
    let names = chat.store.persons(&users).await?;
    let told = rows.into_iter().zip(names).map(|(row, name)| InviteTold {
        code: row.code,
        by: User {
            name: name.as_deref().unwrap_or(row.by.as_str()).into(),
            id: row.by,
        },
        expires_at: row.expires_at,
        uses_left: row.uses_left,
    });
    Ok(told.collect())
}

/// Ends an invitation.
///
/// # Errors
///
/// Where there is none, or it is somebody else's and the caller keeps no order.
pub(super) async fn revoke_invite(
    chat: &Arc<Chat>,
    caller: Caller<'_>,
    RevokeInvite { room, code }: RevokeInvite,
) -> Result<(), Refusal> {
    let wanted = RoomChange {
        room,
        by: caller.user.id.clone(),
        least: Some(Role::Readonly),
        known: None,
        steps: vec![Step::Revoke { code }],
    };
    change::carry_out(chat, wanted).await?;
    Ok(())
}

/// Comes in by an invitation. A member is answered the same, and uses nothing of it.
///
/// # Errors
///
/// Where it is not good, or no longer; where the caller is banned, or in as many rooms as
/// they may be.
pub(super) async fn accept_invite(
    chat: &Arc<Chat>,
    caller: Caller<'_>,
    AcceptInvite { code }: AcceptInvite,
) -> Result<Row, Refusal> {
    let user = caller.user;
    let Some(room) = chat.store.invited_to(&code).await? else {
        return Err(not_good());
    };
    let view = chat.store.room(&room, &user.id).await;
    if view.is_ok_and(|view| view.role.is_some()) {
        return change::row(chat, &room, &user.id, None).await;
    }
    check_rooms_of(chat, user).await?;
    chat.store.note_person(user).await?;
    let wanted = coming(&room, user, code);
    let came_in = change::carry_out(chat, wanted).await.map_err(refusal)?;
    if came_in.changed {
        membership::began(chat, &room, [&user.id]).await;
    }
    change::row(chat, &room, &user.id, None).await
}

/// Refuses somebody who is in as many rooms as they may be: nobody else brings them in.
async fn check_rooms_of(chat: &Chat, user: &User) -> Result<(), Refusal> {
    let most = chat.settings.limits.rooms_per_user;
    if most == 0 || (chat.store.rooms_of(&user.id).await?.len() as u64) < most {
        return Ok(());
    }
    let user = user.id.clone();
    Err(StoreError::TooManyRooms { user, most }.into())
}

/// A use of the invitation and a member, in one step.
fn coming(room: &RoomId, user: &User, code: InviteCode) -> RoomChange {
    let joined = MemberEvent {
        user,
        change: MemberChange::Joined,
        role: None,
        by: None,
    };
    let steps = vec![
        Step::Spend { code },
        Step::Rank {
            user: user.id.clone(),
            role: Some(Role::Member),
            when: When::Stranger,
        },
        Step::Tell {
            body: joined.body(),
            told: Told::InClosedRooms,
        },
    ];
    RoomChange {
        room: room.clone(),
        by: user.id.clone(),
        least: None,
        known: None,
        steps,
    }
}

fn not_good() -> Refusal {
    let message = "that invitation is not good, or no longer; ask for another one";
    Refusal::new(ErrorCode::NotFound, message)
}

/// Why somebody does not come in, without a word on where.
fn refusal(error: StoreError) -> Refusal {
    match error {
        StoreError::NoSuchRoom(_) => not_good(),
        StoreError::Denied { denied, .. } => match denied {
            Denied::Banned => Refusal::new(
                ErrorCode::Forbidden,
                "you are banned where that invitation is to",
            ),
            _ => not_good(),
        },
        error => error.into(),
    }
}
