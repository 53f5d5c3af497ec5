//! Changing a room or its people: what all such commands have in common.

use rookery_protocol::{EventBody, EventKind, Role, RoomId, User, UserId, server_frame::RoomKind};
use rookery_store::{MembersAsked, RoomChange, RoomChanged, RoomView, Rule, Step, StoreError};
use serde::Serialize;

use super::send::deliver;
use crate::{
    chat::Chat,
    policy::{self, Action},
    refusal::Refusal,
};

/// What a `member` event says.
#[derive(Debug, Serialize)]
pub(super) struct MemberEvent<'a> {
    pub(super) user: &'a User,
    pub(super) change: MemberChange,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) role: Option<Role>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) by: Option<&'a User>,
}

/// What became of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum MemberChange {
    Joined,
    Left,
    Removed,
    Banned,
    Unbanned,
    Muted,
    Unmuted,
    Role,
}

impl MemberEvent<'_> {
    pub(super) fn body(&self) -> EventBody {
        EventBody::of(EventKind::Member, self)
    }
}

/// A change that somebody wants, who must have the least role of an action.
pub(super) fn change(room: &RoomId, by: &UserId, action: Action, steps: Vec<Step>) -> RoomChange {
    RoomChange {
        room: room.clone(),
        by: by.clone(),
        least: Some(policy::least_member(action)),
        known: None,
        steps,
    }
}

/// Carries a change out, and gives the sessions here what is told of it.
pub(super) async fn carry_out(chat: &Chat, change: RoomChange) -> Result<RoomChanged, StoreError> {
    let changed = chat.store.change_room(&change).await?;
    for told in &changed.told {
        deliver(chat, &change.room, told.clone());
    }
    Ok(changed)
}

/// Two people have a room that is nobody else's to change.
pub(super) fn forbid_in_direct(room: &RoomId) -> Result<(), Refusal> {
    match policy::is_direct(room) {
        true => Err(Refusal::bad_request(
            "a direct room has its two people and cannot be changed",
        )),
        false => Ok(()),
    }
}

/// A user with what people call them; those who were never heard of are not found.
pub(super) async fn person(chat: &Chat, user: &UserId) -> Result<User, Refusal> {
    let name = chat.store.persons(std::slice::from_ref(user)).await?;
    match name.into_iter().next().flatten() {
        Some(name) => Ok(User {
            id: user.clone(),
            name: name.into(),
        }),
        None => Err(Refusal::no_such_user(user)),
    }
}

/// The same, where it does not matter whether they were heard of.
pub(super) async fn called(chat: &Chat, user: &UserId) -> Result<User, Refusal> {
    let name = chat.store.persons(std::slice::from_ref(user)).await?;
    let name = name.into_iter().next().flatten();
    Ok(User {
        id: user.clone(),
        name: name.as_deref().unwrap_or(user.as_str()).into(),
    })
}

/// A room as its member sees it, for an answer.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    room: RoomId,
    kind: RoomKind,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<Role>,
    epoch: rookery_protocol::Epoch,
    seq: u64,
    members: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    with: Option<User>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    archived: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    slow_mode_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    who_may_send: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    who_may_invite: Option<String>,
}

impl Row {
    fn of(room: &RoomId, view: RoomView, with: Option<User>) -> Self {
        let rules = &view.rules;
        let rule = |wanted| {
            let found = rules.iter().find(|(rule, _)| *rule == wanted);
            found.map(|(_, value)| value.clone())
        };
        Self {
            room: room.clone(),
            kind: view.kind,
            description: rule(Rule::Description),
            role: view.role,
            seq: view.head.seq,
            members: view.members,
            with,
            archived: rule(Rule::Archived).is_some(),
            slow_mode_ms: rule(Rule::SlowMode).and_then(|ms| ms.parse().ok()),
            who_may_send: rule(Rule::WhoMaySend),
            who_may_invite: rule(Rule::WhoMayInvite),
            name: view.name,
            epoch: view.head.epoch,
        }
    }
}

/// The room as somebody sees it now, with the other one where it is direct.
pub(super) async fn row_for(chat: &Chat, room: &RoomId, user: &UserId) -> Result<Row, Refusal> {
    let view = chat.store.room(room, user).await?;
    let with = match view.kind {
        RoomKind::Direct => other_of(chat, room, user).await?,
        RoomKind::Public | RoomKind::Private => None,
    };
    Ok(Row::of(room, view, with))
}

/// The other one of a direct room.
async fn other_of(chat: &Chat, room: &RoomId, user: &UserId) -> Result<Option<User>, Refusal> {
    let asked = MembersAsked {
        room: room.clone(),
        reader: user.clone(),
        role: None,
        after: None,
        limit: 2,
    };
    let members = chat.store.members(&asked).await?.members.into_iter();
    let mut others = members.map(|row| row.place.user).filter(|id| id != user);
    match others.next() {
        Some(other) => called(chat, &other).await.map(Some),
        None => Ok(None),
    }
}

/// The room as somebody sees it now; `with` is the other one of a direct room.
pub(super) async fn row(
    chat: &Chat,
    room: &RoomId,
    user: &UserId,
    with: Option<User>,
) -> Result<Row, Refusal> {
    Ok(Row::of(room, chat.store.room(room, user).await?, with))
}
