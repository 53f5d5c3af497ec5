//! Which log-in of a user something came with: what the protocol calls a session of an account.
//!
//! It outlives connections and says nothing about them; it is no secret and lets nobody in.

use std::{fmt, num::NonZeroU64, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// What the text begins with.
const PREFIX: &str = "l_";

/// A log-in of an account, from the password to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LoginId(NonZeroU64);

/// It is not what a node gives as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a session of an account is `l_` and 16 hexadecimal digits")]
pub struct LoginIdError;

impl LoginId {
    /// The one of this number.
    pub fn numbered(number: NonZeroU64) -> Self {
        Self(number)
    }

    /// Its number.
    pub fn number(self) -> NonZeroU64 {
        self.0
    }
}

impl fmt::Display for LoginId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{:016x}", self.0)
    }
}

impl FromStr for LoginId {
    type Err = LoginIdError;

    fn from_str(text: &str) -> Result<Self, LoginIdError> {
        let digits = text.strip_prefix(PREFIX).ok_or(LoginIdError)?;
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if digits.len() != 16 || !digits.bytes().all(is_digit) {
            return Err(LoginIdError);
        }
        let number = u64::from_str_radix(digits, 16).ok();
        number
            .and_then(NonZeroU64::new)
            .map(Self)
            .ok_or(LoginIdError)
    }
}

impl Serialize for LoginId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LoginId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_is_written_and_nothing_else_is_one() {
        let id = LoginId(NonZeroU64::new(0xab).unwrap());
        assert_eq!(id.to_string(), "l_00000000000000ab");
        assert_eq!(id.to_string().parse(), Ok(id));
        for wrong in [
            "",
            "l_",
            "l_ab",
            "l_0000000000000000",
            "l_00000000000000AB",
            "l_+0000000000000ab",
            "s_00000000000000ab",
        ] {
            assert_eq!(wrong.parse::<LoginId>(), Err(LoginIdError), "{wrong}");
        }
    }
}
