//! Who a token of an issuer is about, by the claims that the settings name.

use rookery_protocol::{User, UserId};
use serde_json::{Map, Value};

use super::super::{
    NameError, TokenError,
    name::{accept_name, name_of_id},
};
use crate::settings::{IssuerSettings, OUR_PREFIXES};

/// Which claims say what.
pub(super) struct ClaimNames {
    user: String,
    name: String,
    prefix: String,
}

impl ClaimNames {
    pub(super) fn of(settings: &IssuerSettings) -> Self {
        Self {
            user: settings.user_claim.clone(),
            name: settings.name_claim.clone(),
            prefix: settings.user_prefix.clone(),
        }
    }

    /// The user that the claims name. Without a name that shows they go by their id.
    pub(super) fn user(&self, claims: &Map<String, Value>) -> Result<User, TokenError> {
        let wrong = |words: String| TokenError::Claims(words);
        let own = match claims.get(&self.user) {
            Some(Value::String(text)) => text.clone(),
            // Many count their users, and have the number as such.
            Some(Value::Number(number)) if number.is_u64() => number.to_string(),
            Some(_) => return Err(wrong(format!("`{}` is no text", self.user))),
            None => return Err(wrong(format!("`{}` is missing", self.user))),
        };
        if own.is_empty() {
            return Err(wrong(format!("`{}` is empty", self.user)));
        }
        let id = format!("{}{own}", self.prefix);
        if let Some(prefix) = OUR_PREFIXES.iter().find(|prefix| id.starts_with(**prefix)) {
            let words = format!(
                "`{}` begins with {prefix}, as ids do that this service gives itself",
                self.user
            );
            return Err(wrong(words));
        }
        let name = match claims.get(&self.name) {
            Some(Value::String(text)) => text.as_str(),
            None | Some(Value::Null) => "",
            Some(_) => return Err(wrong(format!("`{}` is no text", self.name))),
        };
        let name = match accept_name(name) {
            Err(NameError::Blank) => name_of_id(&own).map_err(|_| {
                wrong(format!(
                    "nothing shows in its `{}`, and it has no `{}`",
                    self.user, self.name
                ))
            }),
            named => named.map_err(|error| wrong(error.to_string())),
        }?;
        let id = UserId::new(id).map_err(|error| wrong(format!("{}: {error}", self.user)))?;
        Ok(User {
            id,
            name: name.into(),
        })
    }
}
