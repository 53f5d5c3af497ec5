//! `ban`, `unban`, `bans`, and the same of `mute`.

use std::sync::Arc;

use rookery_protocol::{
    ErrorCode, RoomId, User, UserId,
    client_frame::{Ban, Bans, Mute, Mutes, Unban, Unmute},
    server_frame::RoomNotice,
};
use rookery_store::{Restraint, RoomChanged, Step, Told, When};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    change::{self, MemberChange, MemberEvent},
    membership,
    purge::Purge,
};
use crate::{
    caller::Caller,
    chat::Chat,
    policy::{self, Action},
    refusal::Refusal,
};

/// The most characters of a reason.
const REASON_CHARS: usize = 500;
/// The longest that somebody is kept from something for a time: ten years.
const MOST_MS: u64 = 10 * 365 * 24 * 3_600_000;

/// What is kept of a restraint beside whom it is on, and until when.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    user: User,
    by: User,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// Keeps somebody out; a member is one no more. What they wrote since `delete_since` goes
/// behind that.
pub(super) async fn ban(
    chat: &Arc<Chat>,
    caller: Caller<'_>,
    arguments: Ban,
) -> Result<(), Refusal> {
    let Ban {
        room,
        user,
        for_ms,
        reason,
        delete_since,
    } = arguments;
    if delete_since.is_some_and(|ms| ms == 0 || ms > MOST_MS) {
        let message = format!("delete_since must be 1 to {MOST_MS}; without it nothing is deleted");
        return Err(Refusal::bad_request(message));
    }
    let purge = delete_since.map(|ms| Ok::<_, Refusal>((ms, chat.purges.take()?)));
    let purge = purge.transpose()?;
    let remove = Step::Rank {
        user: user.clone(),
        role: None,
        when: When::MemberIfAny,
    };
    let kept = Kept {
        restraint: Restraint::Ban,
        for_ms,
        reason,
    };
    let banned = restrain(chat, caller.user, &room, &user, kept, vec![remove]).await?;
    if let (Some((ms, permit)), Some(last)) = (purge, banned.told.last()) {
        let purge = Purge {
            room: room.clone(),
            user: user.clone(),
            by: caller.user.clone(),
            up_to: last.seq,
            since: banned.at.saturating_sub(ms),
        };
        let work = purge.run(Arc::clone(chat), permit);
        chat.background.start_soon("delete_since", work);
    }
    membership::ended(chat, &room, [&user], RoomNotice::Banned).await;
    Ok(())
}

/// Keeps somebody from writing.
pub(super) async fn mute(
    chat: &Arc<Chat>,
    caller: Caller<'_>,
    Mute { room, user, for_ms }: Mute,
) -> Result<(), Refusal> {
    let kept = Kept {
        restraint: Restraint::Mute,
        for_ms,
        reason: None,
    };
    restrain(chat, caller.user, &room, &user, kept, Vec::new()).await?;
    membership::tell(chat, &user, &room, RoomNotice::Changed).await;
    Ok(())
}

/// How somebody is kept from something.
struct Kept {
    restraint: Restraint,
    for_ms: Option<u64>,
    reason: Option<String>,
}

async fn restrain(
    chat: &Arc<Chat>,
    by: &User,
    room: &RoomId,
    user: &UserId,
    kept: Kept,
    mut steps: Vec<Step>,
) -> Result<RoomChanged, Refusal> {
    change::forbid_in_direct(room)?;
    if *user == by.id {
        return Err(Refusal::bad_request(
            "nobody keeps themselves from something",
        ));
    }
    check(&kept)?;
    let person = change::called(chat, user).await?;
    let told = MemberEvent {
        user: &person,
        change: match kept.restraint {
            Restraint::Ban => MemberChange::Banned,
            Restraint::Mute => MemberChange::Muted,
        },
        role: None,
        by: Some(by),
    };
    let body = told.body();
    let note = Note {
        user: person,
        by: by.clone(),
        reason: kept.reason,
    };
    steps.push(Step::Restrain {
        restraint: kept.restraint,
        user: user.clone(),
        for_ms: kept.for_ms,
        note: json!(note).to_string(),
    });
    steps.push(Step::Tell {
        body,
        told: Told::Everywhere,
    });
    let wanted = change::change(room, &by.id, Action::Restrain, steps);
    Ok(change::carry_out(chat, wanted).await?)
}

fn check(kept: &Kept) -> Result<(), Refusal> {
    if kept.for_ms.is_some_and(|ms| ms == 0 || ms > MOST_MS) {
        let message = format!("for_ms must be 1 to {MOST_MS}; without it there is no end");
        return Err(Refusal::bad_request(message));
    }
    let reason = kept.reason.as_deref().unwrap_or_default();
    if reason.chars().count() > REASON_CHARS {
        let message = format!("a reason has at most {REASON_CHARS} characters");
        return Err(Refusal::new(ErrorCode::TooLarge, message));
    }
    Ok(())
}

/// Lets somebody in again, who is no member by that.
pub(super) async fn unban(
    chat: &Arc<Chat>,
    caller: Caller<'_>,
    Unban { room, user }: Unban,
) -> Result<(), Refusal> {
    release(chat, caller, &room, &user, Restraint::Ban).await
}

/// Lets somebody write again.
pub(super) async fn unmute(
    chat: &Arc<Chat>,
    caller: Caller<'_>,
    Unmute { room, user }: Unmute,
) -> Result<(), Refusal> {
    release(chat, caller, &room, &user, Restraint::Mute).await?;
    membership::tell(chat, &user, &room, RoomNotice::Changed).await;
    Ok(())
}

async fn release(
    chat: &Arc<Chat>,
    caller: Caller<'_>,
    room: &RoomId,
    user: &UserId,
    restraint: Restraint,
) -> Result<(), Refusal> {
    change::forbid_in_direct(room)?;
    let by = caller.user;
    let person = change::called(chat, user).await?;
    let told = MemberEvent {
        user: &person,
        change: match restraint {
            Restraint::Ban => MemberChange::Unbanned,
            Restraint::Mute => MemberChange::Unmuted,
        },
        role: None,
        by: Some(by),
    };
    let step = Step::Release {
        restraint,
        user: user.clone(),
    };
    let tell = Step::Tell {
        body: told.body(),
        told: Told::Everywhere,
    };
    let wanted = change::change(room, &by.id, Action::Restrain, vec![step, tell]);
    if !change::carry_out(chat, wanted).await?.changed {
        let message = match restraint {
            Restraint::Ban => format!("{user} is not banned from {room}"),
            Restraint::Mute => format!("{user} is not muted in {room}"),
        };
        return Err(Refusal::new(ErrorCode::NotFound, message));
    }
    Ok(())
}

/// Somebody who is kept from something, as whoever keeps order is told.
#[derive(Debug, Serialize)]
pub(super) struct RestraintTold {
    user: User,
    by: User,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// Everybody who is banned.
pub(super) async fn bans(
    chat: &Chat,
    caller: Caller<'_>,
    Bans { room }: Bans,
) -> Result<Vec<RestraintTold>, Refusal> {
    restrained(chat, caller, &room, Restraint::Ban).await
}

/// Everybody who is muted.
pub(super) async fn mutes(
    chat: &Chat,
    caller: Caller<'_>,
    Mutes { room }: Mutes,
) -> Result<Vec<RestraintTold>, Refusal> {
    restrained(chat, caller, &room, Restraint::Mute).await
}

async fn restrained(
    chat: &Chat,
    caller: Caller<'_>,
    room: &RoomId,
    restraint: Restraint,
) -> Result<Vec<RestraintTold>, Refusal> {
    let view = chat.store.room(room, &caller.user.id).await?;
    policy::require(view.kind, view.role.into(), Action::Restrain, room)?;
    let rows = chat.store.restrained(room, restraint).await?;
    let rows = rows.into_iter();
    let told = rows.filter_map(|row| {
        let Note { user, by, reason } = serde_json::from_str(&row.note).ok()?;
        Some(RestraintTold {
            user,
            by,
            until: row.until,
            reason,
        })
    });
    Ok(told.collect())
}
