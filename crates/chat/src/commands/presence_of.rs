//! `presence_of`: who of some people is there.

use rookery_protocol::{User, client_frame::PresenceOf, server_frame::Status};
use serde::Serialize;

use super::create_room::named;
use crate::{
    caller::{Caller, Paid},
    chat::Chat,
    policy,
    refusal::Refusal,
};

/// For so many users one command is paid for.
const PER_COMMAND: usize = 10;

/// One of them.
#[derive(Debug, Serialize)]
pub(super) struct PresenceTold {
    user: User,
    status: Status,
}

/// Looks whether they are there; who has blocked whoever asks, or is blocked by them, is not.
pub(super) async fn presence_of(
    chat: &Chat,
    caller: Caller<'_>,
    PresenceOf { mut users }: PresenceOf,
) -> Result<Vec<PresenceTold>, Refusal> {
    policy::check_many(users.len())?;
    for _ in 0..users.len() / PER_COMMAND {
        Paid::charge(chat, &caller.user.id)?;
    }
    users.sort_unstable();
    users.dedup();
    let online = chat.store.are_online(&users).await?;
    let hidden = chat.store.are_blocked(&caller.user.id, &users).await?;
    let people = named(chat, users).await?;
    let told = people.into_iter().zip(online.into_iter().zip(hidden));
    let told = told.map(|(user, (online, hidden))| PresenceTold {
        user,
        status: match online && !hidden {
            true => Status::Online,
            false => Status::Offline,
        },
    });
    Ok(told.collect())
}
