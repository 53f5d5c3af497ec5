//! What a token says.

use rookery_chat::accounts::ACCOUNT_PREFIX;
use rookery_protocol::{LoginId, User, UserId};
use serde::{Deserialize, Serialize};

use super::{
    NameError, TokenError,
    name::{accept_name, name_of_id},
};

/// The claims that Rookery reads; a token may have more.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Claims {
    sub: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// The log-in of an account that it was made for.
    #[serde(
        default,
        rename = "rookery_sid",
        skip_serializing_if = "Option::is_none"
    )]
    sid: Option<LoginId>,
    /// Seconds since the Unix epoch; some makers write a fraction.
    exp: serde_json::Number,
}

impl Claims {
    pub(super) fn of(user: &User, login: Option<LoginId>, exp: u64) -> Self {
        Self {
            sub: user.id.as_str().to_owned(),
            name: Some(user.name.to_string()),
            sid: login,
            exp: exp.into(),
        }
    }

    /// The `exp` in milliseconds since the Unix epoch.
    pub(super) fn expires_at_ms(&self) -> u64 {
        milliseconds(&self.exp)
    }

    /// The log-in that it was made for. A token of an account has one: whoever else holds the
    /// secret names users of their own.
    pub(super) fn login(&self) -> Result<Option<LoginId>, TokenError> {
        match self.sid {
            None if self.sub.starts_with(ACCOUNT_PREFIX) => {
                let words = format!(
                    "`sub` begins with {ACCOUNT_PREFIX}, as ids of accounts do, which log in to get a token"
                );
                Err(TokenError::Claims(words))
            }
            login => Ok(login),
        }
    }

    /// The user that the token names. Without a name that shows they go by their id.
    pub(super) fn user(self) -> Result<User, TokenError> {
        let id =
            UserId::new(&self.sub).map_err(|error| TokenError::Claims(format!("sub: {error}")))?;
        let name = match accept_name(self.name.as_deref().unwrap_or_default()) {
            Err(NameError::Blank) => name_of_id(&self.sub).map_err(|_| {
                TokenError::Claims("nothing shows in its `sub`, and it has no `name`".to_owned())
            }),
            named => named.map_err(|error| TokenError::Claims(error.to_string())),
        }?;
        Ok(User {
            id,
            name: name.into(),
        })
    }
}

/// A time in seconds, perhaps with a fraction, in milliseconds.
pub(super) fn milliseconds(seconds: &serde_json::Number) -> u64 {
    match seconds.as_u64() {
        Some(seconds) => seconds.saturating_mul(1000),
        // A cast of a float saturates, which is as good as any day that far off.
        None => (seconds.as_f64().unwrap_or(0.0).max(0.0) * 1000.0) as u64,
    }
}
