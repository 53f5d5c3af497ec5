//! The next token of a log-in.

use std::sync::Arc;

use futures_util::FutureExt;
use rookery_protocol::{ErrorCode, User};
use rookery_store::{Rotated, Rotation};

use super::log_in::{LoggedIn, tell_ended};
use crate::{accounts::RefreshToken, chat::Chat, refusal::Refusal};

/// Takes a refresh token and gives the one in its place.
///
/// # Errors
///
/// Where it is none that is good, or one that was used before, which ends its log-in.
pub async fn refresh(chat: &Arc<Chat>, text: &str) -> Result<LoggedIn, Refusal> {
    let old: RefreshToken = text.parse().map_err(|_| not_good())?;
    let next = old.next();
    let rotation = Rotation {
        user: old.user.clone(),
        login: old.login,
        old: old.hash(),
        new: next.hash(),
        seal: old.seal(&next),
    };
    let of_work = Arc::clone(chat);
    let work = async move {
        let rotated = of_work.store.rotate_refresh(&rotation).await?;
        let (refresh, name) = match rotated {
            Rotated::New { name } => (next, name),
            Rotated::Again { seal, name } => (old.unseal(&seal), name),
            Rotated::Reused => {
                tracing::warn!(user = %old.user, session = %old.login, "a refresh token was used twice; its session is ended");
                tell_ended(&of_work, &old.user, vec![old.login]).await;
                return Err(not_good());
            }
            Rotated::Unknown => return Err(not_good()),
            Rotated::Disabled => {
                let message = "this account is disabled; whoever runs this server can say why";
                return Err(Refusal::new(ErrorCode::Forbidden, message));
            }
        };
        Ok(LoggedIn {
            user: User {
                id: refresh.user.clone(),
                name: name.into(),
            },
            login: refresh.login,
            refresh,
        })
    };
    chat.background.carry_out(work.boxed()).await
}

fn not_good() -> Refusal {
    let message = "the refresh token is not good, or no longer; log in again";
    Refusal::new(ErrorCode::Unauthenticated, message)
}
