//! `blocks`, `block` and `unblock`: whom one wants to hear nothing of.
//!
//! Two of whom one has blocked the other do not write to each other. In their direct room nobody
//! writes then, as in one that is archived: so the append looks at it, in the same step.

use rookery_protocol::{
    ErrorCode, User, UserId,
    client_frame::{Block, Unblock},
};
use rookery_store::{BlockChange, RoomChange, Rule, Step, StoreError};

use super::{change, create_room::named};
use crate::{caller::Caller, chat::Chat, policy, refusal::Refusal};

/// How often it is looked again what is so by now.
const MOST_LOOKS: usize = 8;

/// Whom one has blocked.
pub(super) async fn blocks(chat: &Chat, caller: Caller<'_>) -> Result<Vec<User>, Refusal> {
    let users = chat.store.blocks(&caller.user.id).await?;
    named(chat, users).await
}

/// Blocks somebody.
pub(super) async fn block(
    chat: &Chat,
    caller: Caller<'_>,
    Block { user: other }: Block,
) -> Result<(), Refusal> {
    if other == caller.user.id {
        return Err(Refusal::bad_request("nobody blocks themselves"));
    }
    change::person(chat, &other).await?;
    set(chat, caller, other, true).await
}

/// Ends that.
pub(super) async fn unblock(
    chat: &Chat,
    caller: Caller<'_>,
    Unblock { user: other }: Unblock,
) -> Result<(), Refusal> {
    set(chat, caller, other, false).await
}

async fn set(chat: &Chat, caller: Caller<'_>, other: UserId, blocked: bool) -> Result<(), Refusal> {
    let (user, most) = (&caller.user.id, chat.settings.limits.blocks_per_user);
    let changing = chat.store.change_block(user, &other, blocked, most);
    if changing.await? == BlockChange::TooMany {
        let message = format!(
            "you have blocked {most} people and cannot block more (limits.blocks_per_user)"
        );
        return Err(Refusal::new(ErrorCode::Conflict, message));
    }
    // Also where nothing changed: whoever did it may have been ended before this.
    apply(chat, user, &other).await
}

/// Has the direct room of two be as their blocks say, if there is one.
pub(super) async fn apply(chat: &Chat, user: &UserId, other: &UserId) -> Result<(), Refusal> {
    let room = policy::direct_room(user, other);
    let mut blocked = chat.store.is_blocked(user, other).await?;
    for _ in 0..MOST_LOOKS {
        let change = RoomChange {
            room: room.clone(),
            by: user.clone(),
            least: None,
            known: None,
            steps: vec![Step::Rule {
                rule: Rule::Archived,
                value: blocked.then(|| "1".to_owned()),
            }],
        };
        match chat.store.change_room(&change).await {
            Ok(_) => {}
            Err(StoreError::NoSuchRoom(_)) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        // The other one may have changed their mind meanwhile, and have done this before.
        let now = chat.store.is_blocked(user, other).await?;
        if now == blocked {
            break;
        }
        blocked = now;
    }
    Ok(())
}

/// Refuses two of whom one has blocked the other.
pub(super) async fn check(chat: &Chat, user: &UserId, other: &UserId) -> Result<(), Refusal> {
    match chat.store.is_blocked(user, other).await? {
        true => Err(Refusal::new(
            ErrorCode::Forbidden,
            "one of you has blocked the other",
        )),
        false => Ok(()),
    }
}
