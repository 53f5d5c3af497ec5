//! `members`: who belongs to a room, and as what.

use rookery_protocol::{
    ErrorCode, Role, User, UserId,
    client_frame::{self, DEFAULT_PAGE, MAX_PAGE},
};
use rookery_store::{MemberPlace, MemberRow, MembersAsked};
use serde::Serialize;

use crate::{caller::Caller, chat::Chat, refusal::Refusal};

/// A page of them.
#[derive(Debug, Serialize)]
pub(super) struct MembersTold {
    members: Vec<MemberTold>,
    count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Debug, Serialize)]
struct MemberTold {
    user: User,
    role: Role,
    since: u64,
    /// 0 is for good.
    #[serde(skip_serializing_if = "Option::is_none")]
    muted_until: Option<u64>,
}

/// Reads the page.
pub(super) async fn members(
    chat: &Chat,
    caller: Caller<'_>,
    arguments: client_frame::Members,
) -> Result<MembersTold, Refusal> {
    let limit = page_limit(arguments.limit)?;
    let asked = MembersAsked {
        room: arguments.room,
        reader: caller.user.id.clone(),
        role: arguments.role,
        after: arguments.after.as_deref().map(read_place).transpose()?,
        limit,
    };
    let page = chat.store.members(&asked).await?;
    let users: Vec<UserId> = page
        .members
        .iter()
        .map(|row| row.place.user.clone())
        .collect();
    let names = chat.store.persons(&users).await?;
    let last = page.members.last().filter(|_| page.more);
    let next = last.map(|row| written_place(&row.place));
    let members = page.members.into_iter().zip(names);
    Ok(MembersTold {
        members: members.map(|(row, name)| told(row, name)).collect(),
        count: page.count,
        next,
    })
}

fn told(row: MemberRow, name: Option<String>) -> MemberTold {
    let MemberPlace { role, since, user } = row.place;
    let name = name.as_deref().unwrap_or(user.as_str()).into();
    MemberTold {
        user: User { id: user, name },
        role,
        since,
        muted_until: row.muted_until,
    }
}

/// How many are wanted.
pub(super) fn page_limit(limit: Option<u32>) -> Result<u32, Refusal> {
    match limit.unwrap_or(DEFAULT_PAGE) {
        limit @ 1..=MAX_PAGE => Ok(limit),
        _ => Err(Refusal::bad_request(format!(
            "limit must be 1 to {MAX_PAGE}"
        ))),
    }
}

fn written_place(place: &MemberPlace) -> String {
    format!("{}.{}.{}", place.role.as_str(), place.since, place.user)
}

fn read_place(text: &str) -> Result<MemberPlace, Refusal> {
    let read = || {
        let (role, rest) = text.split_once('.')?;
        let (since, user) = rest.split_once('.')?;
        Some(MemberPlace {
            role: Role::ALL.into_iter().find(|it| it.as_str() == role)?,
            since: since.parse().ok().filter(|since| *since < 1 << 42)?,
            user: UserId::new(user).ok()?,
        })
    };
    read().ok_or_else(|| {
        let message = "after must be what an answer gave as its next";
        Refusal::new(ErrorCode::BadRequest, message)
    })
}
