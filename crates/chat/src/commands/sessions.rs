//! `sessions` and `revoke_session`: where one is logged in, and the end of it.

use rookery_protocol::{ErrorCode, LoginId, client_frame::RevokeSession};
use rookery_store::{LoginRow, Whose};
use serde::Serialize;

use super::log_in::tell_ended;
use crate::{caller::Caller, chat::Chat, refusal::Refusal};

/// A log-in as its user is told of it.
#[derive(Debug, Serialize)]
pub(super) struct SessionTold {
    id: LoginId,
    client: String,
    address: String,
    created_at: u64,
    used_at: u64,
    /// Whether it is the one that is asked with.
    current: bool,
}

/// All of them, the latest used first.
pub(super) async fn sessions(chat: &Chat, caller: Caller<'_>) -> Result<Vec<SessionTold>, Refusal> {
    let logins = chat.store.logins(&caller.user.id).await?;
    let told = logins.into_iter().map(|row| {
        let LoginRow {
            id,
            client,
            address,
            created_at,
            used_at,
        } = row;
        SessionTold {
            id,
            client,
            address,
            created_at,
            used_at,
            current: caller.login == Some(id),
        }
    });
    Ok(told.collect())
}

/// Ends one, or all.
pub(super) async fn revoke_session(
    chat: &Chat,
    caller: Caller<'_>,
    RevokeSession { session }: RevokeSession,
) -> Result<(), Refusal> {
    let whose = session.map_or(Whose::All, Whose::One);
    let user = &caller.user.id;
    let ended = chat.store.end_logins(user, whose).await?;
    if let (Some(session), true) = (session, ended.is_empty()) {
        let message = format!("you have no session {session}, or no longer");
        return Err(Refusal::new(ErrorCode::NotFound, message));
    }
    tell_ended(chat, user, ended).await;
    Ok(())
}
