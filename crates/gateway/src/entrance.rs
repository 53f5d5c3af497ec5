//! Who comes with a token, and whether it still lets them in.
//!
//! A token is good by itself (`identity`); whether its session was ended since only the store
//! knows. Every `hello`, every request and every `renew` comes by here.

use rookery_chat::commands::{self, NotStanding};
use rookery_protocol::User;

use crate::{
    identity::{TokenError, Verified},
    node::Node,
};

/// Somebody who may come in.
#[derive(Debug)]
pub(crate) struct Entrant {
    /// What the token says; what people call them is as it is now.
    pub(crate) verified: Verified,
    /// As of when they may, as `chat.logins` counts.
    pub(crate) as_of: u64,
}

impl Node {
    /// Says whose token this is, where it still lets them in.
    ///
    /// # Errors
    ///
    /// Why it does not.
    pub(crate) async fn identify(&self, token: &str) -> Result<Entrant, TokenError> {
        let mut verified = self.identity.identify(token).await?;
        let (user, login) = (&verified.user, verified.login);
        let stands = commands::may_come_in(&self.chat, &user.id, login).await;
        let stands = stands.map_err(|why| match why {
            NotStanding::Ended => TokenError::Ended,
            NotStanding::Disabled => TokenError::Disabled,
            NotStanding::Unknown(error) => {
                if !error.is_for_now() {
                    tracing::error!(%error, "whether somebody may come in cannot be known");
                }
                TokenError::store_away()
            }
        })?;
        if let Some(name) = stands.name {
            verified.user = User {
                id: verified.user.id,
                name: name.into(),
            };
        }
        let as_of = stands.as_of;
        Ok(Entrant { verified, as_of })
    }
}
