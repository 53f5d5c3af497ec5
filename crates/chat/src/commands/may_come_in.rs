//! Whether what somebody has still lets them in.
//!
//! A token that was good when it was made says nothing of a log-in that was ended since, so
//! the store is asked each time. Who comes in stays known by where they are (`users/logins.rs`), and
//! hears of an end that comes later.

use rookery_protocol::{LoginId, UserId};
use rookery_store::{Standing, StoreError};

use crate::{accounts::GUEST_PREFIX, chat::Chat};

/// Somebody who may come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stands {
    /// What people call them, where an account says it.
    pub name: Option<String>,
    /// Of when that is, as [`crate::users::Logins::changes`] counts.
    pub as_of: u64,
}

/// Why somebody may not.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NotStanding {
    /// The log-in was ended, or a guest has registered.
    #[error("the session of this token has ended; log in again")]
    Ended,
    /// Nobody may come in with the account.
    #[error("this account is disabled; whoever runs this server can say why")]
    Disabled,
    /// That cannot be known for now.
    #[error(transparent)]
    Unknown(#[from] StoreError),
}

/// Whether the store knows more about somebody than what their token says.
fn is_known_to_the_store(user: &UserId, login: Option<LoginId>) -> bool {
    login.is_some() || user.as_str().starts_with(GUEST_PREFIX)
}

/// Whether somebody may come in with this log-in, or with a token that has none.
///
/// # Errors
///
/// Why they may not.
pub async fn may_come_in(
    chat: &Chat,
    user: &UserId,
    login: Option<LoginId>,
) -> Result<Stands, NotStanding> {
    // Before the store is asked: what ends meanwhile is looked at again.
    let as_of = chat.logins.changes();
    if !is_known_to_the_store(user, login) {
        return Ok(Stands { name: None, as_of });
    }
    let asked = [(user.clone(), login)];
    match chat.store.standings(&asked).await?.pop() {
        Some(Standing::Stands { name }) => Ok(Stands { name, as_of }),
        Some(Standing::Disabled) => Err(NotStanding::Disabled),
        Some(Standing::Ended) | None => Err(NotStanding::Ended),
    }
}
