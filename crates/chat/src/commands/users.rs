//! `users` and `user`: finding people, and what one says of themselves.

use rookery_protocol::{User, client_frame};
use rookery_store::{PersonPlace, Profile};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{change, members::page_limit};
use crate::{chat::Chat, refusal::Refusal};

/// The most characters that a name is looked for by.
const MOST_CHARS: usize = 64;

/// People whose names begin as asked.
#[derive(Debug, Serialize)]
pub(super) struct UsersTold {
    users: Vec<User>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// What others see of somebody.
#[derive(Debug, Serialize)]
pub(super) struct UserTold {
    user: User,
    #[serde(skip_serializing_if = "Option::is_none")]
    display: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avatar: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<Box<RawValue>>,
}

/// Finds people.
pub(super) async fn users(
    chat: &Chat,
    arguments: client_frame::Users,
) -> Result<UsersTold, Refusal> {
    let beginning = arguments.q.unwrap_or_default();
    if beginning.chars().nth(MOST_CHARS).is_some() {
        let message = format!("q has at most {MOST_CHARS} characters");
        return Err(Refusal::bad_request(message));
    }
    let limit = page_limit(arguments.limit)?;
    let after = arguments.after.map(|word| {
        PersonPlace::of_word(&word)
            .ok_or_else(|| Refusal::bad_request("after must be what an answer gave as its next"))
    });
    let limit = usize::try_from(limit).unwrap_or(1);
    let found = chat
        .store
        .find_people(&beginning, after.transpose()?, limit)
        .await?;
    Ok(UsersTold {
        users: found.people,
        next: found.next.map(|place| place.to_word()),
    })
}

/// Looks at one.
pub(super) async fn user(
    chat: &Chat,
    arguments: client_frame::OneUser,
) -> Result<UserTold, Refusal> {
    let user = change::person(chat, &arguments.user).await?;
    let Profile {
        display,
        avatar,
        meta,
        ..
    } = chat.store.profile(&user.id).await?;
    Ok(UserTold {
        user,
        display,
        avatar,
        // It was looked at when it was taken.
        meta: meta.and_then(|json| RawValue::from_string(json).ok()),
    })
}
