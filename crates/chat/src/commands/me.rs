//! `me`: what is kept of oneself.

use rookery_protocol::User;
use rookery_store::Profile;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{caller::Caller, chat::Chat, refusal::Refusal};

/// Oneself.
#[derive(Debug, Serialize)]
pub(super) struct MeTold {
    user: User,
    /// Whether one has an account here; others say who everybody else is.
    account: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    display: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avatar: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<Box<RawValue>>,
    hide_receipts: bool,
}

/// Reads it.
pub(super) async fn me(chat: &Chat, caller: Caller<'_>) -> Result<MeTold, Refusal> {
    let id = &caller.user.id;
    let account = chat.store.account(id).await?;
    let Profile {
        display,
        avatar,
        meta,
        hide_receipts,
    } = chat.store.profile(id).await?;
    let name = account.as_ref().map(|account| account.name.as_str().into());
    Ok(MeTold {
        user: User {
            id: id.clone(),
            name: name.unwrap_or_else(|| caller.user.name.clone()),
        },
        account: account.is_some(),
        created_at: account.map(|account| account.created_at),
        display,
        avatar,
        // It was looked at when it was taken.
        meta: meta.and_then(|json| RawValue::from_string(json).ok()),
        hide_receipts,
    })
}
