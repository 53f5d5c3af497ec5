//! Newtypes for the ids that travel on the wire.
//!
//! All are opaque strings, checked once where they enter and shared by
//! reference count from then on, so that a room's name is in memory once and
//! not once per member.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use serde_json::value::RawValue;

/// Why a string is not an id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The id is empty or has too many characters.
    #[error("{what} must have 1 to {max} characters")]
    Length {
        /// What kind of id it was to be.
        what: &'static str,
        /// The most characters allowed.
        max: usize,
    },
    /// The id has a character that is not allowed.
    #[error("{what} may not contain {character:?}")]
    Character {
        /// What kind of id it was to be.
        what: &'static str,
        /// The first character that is not allowed.
        character: char,
    },
}

/// Checks the length in characters and each character of an id.
fn check(
    what: &'static str,
    text: &str,
    max: usize,
    allowed: impl Fn(char) -> bool,
) -> Result<(), IdError> {
    let length = text.chars().count();
    if length == 0 || length > max {
        return Err(IdError::Length { what, max });
    }
    match text.chars().find(|&character| !allowed(character)) {
        Some(character) => Err(IdError::Character { what, character }),
        None => Ok(()),
    }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $max:literal, $allowed:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes a string as an id.
            ///
            /// # Errors
            ///
            /// When it is empty, too long, or has a character that is not allowed.
            pub fn new(text: impl AsRef<str>) -> Result<Self, IdError> {
                let text = text.as_ref();
                check($what, text, $max, $allowed)?;
                Ok(Self(Arc::from(text)))
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Self::new(text).map_err(de::Error::custom)
            }
        }
    };
}

fn printable(character: char) -> bool {
    !character.is_control()
}

fn word(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '.' | ':' | '-')
}

id!(
    /// A room: 1 to 64 of `A-Z a-z 0-9 _ . : -`. Needs no escaping in JSON.
    RoomId, "a room id", 64, word
);
id!(
    /// A user, as named by the `sub` of the token: 1 to 128 printable characters.
    UserId, "a user id", 128, printable
);
id!(
    /// A node's life, new at every start. Needs no escaping in JSON.
    ServerId, "a server id", 64, word
);
id!(
    /// One connection of a client, from `hello` to its close.
    SessionId, "a session id", 64, word
);
id!(
    /// The life of a room's log: changes only when some of the log was or may be
    /// lost. Needs no escaping in JSON.
    Epoch, "an epoch", 64, word
);
id!(
    /// An invitation's code: 1 to 64 of `A-Z a-z 0-9`. Whoever has it may come in by it, so it
    /// belongs in no log.
    InviteCode, "an invitation's code", 64, |character: char| character.is_ascii_alphanumeric()
);
id!(
    /// What somebody thinks of a message: an emoji, or a word between colons. Here it is only
    /// looked at whether it can be kept; which there are the chat knows.
    Emoji, "an emoji", 64, |character: char| {
        !character.is_whitespace() && !character.is_control() && !matches!(character, '"' | '\\' | '[' | ']' | '{' | '}')
    }
);
id!(
    /// A client's own id of a message, by which a second sending is recognised.
    Nonce, "a nonce", 64, printable
);

/// The `id` of a client frame, which its answer carries back unchanged: a
/// number or a string, of at most 64 characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RequestId {
    /// A whole number, as most clients count.
    Number(u64),
    /// Any other number, as the client wrote it.
    Written(Box<str>),
    /// A short string.
    Text(String),
}

impl RequestId {
    /// The most characters of a request id.
    pub const MAX_CHARS: usize = 64;

    /// Takes what the JSON of a frame has as its id, or says what it must be.
    pub(crate) fn as_written(json: &RawValue) -> Result<Self, &'static str> {
        const WANTED: &str = "id must be a number or a string of at most 64 characters";
        let json = json.get();
        let id = match json.as_bytes() {
            [b'0'..=b'9' | b'-', ..] => Self::of_number(json),
            _ => Self::Text(serde_json::from_str(json).map_err(|_| WANTED)?),
        };
        id.is_sane().then_some(id).ok_or(WANTED)
    }

    /// A number, which JSON writes without superfluous zeros and signs.
    fn of_number(json: &str) -> Self {
        match json.parse() {
            Ok(number) => Self::Number(number),
            Err(_) => Self::Written(json.into()),
        }
    }

    /// Whether it is short, and a number that every parser can read.
    fn is_sane(&self) -> bool {
        match self {
            Self::Number(_) => true,
            Self::Written(number) => {
                number.len() <= Self::MAX_CHARS && number.parse().is_ok_and(f64::is_finite)
            }
            Self::Text(text) => text.chars().count() <= Self::MAX_CHARS,
        }
    }
}

impl From<u64> for RequestId {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl Serialize for RequestId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => serializer.serialize_u64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Written(number) => serde_json::from_str::<&RawValue>(number)
                .map_err(ser::Error::custom)?
                .serialize(serializer),
        }
    }
}

/// As clients read it back; a number that is not whole as its value.
impl<'de> Deserialize<'de> for RequestId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::Number(number) => Self::of_number(&number.to_string()),
            serde_json::Value::String(text) => Self::Text(text),
            _ => return Err(de::Error::custom("an id is a number or a string")),
        };
        let too_long = || de::Error::custom("an id has at most 64 characters");
        id.is_sane().then_some(id).ok_or_else(too_long)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_id_is_a_short_word() {
        assert!(RoomId::new("event:2026_a.b-c").is_ok());
        assert_eq!(
            RoomId::new("").unwrap_err().to_string(),
            "a room id must have 1 to 64 characters"
        );
        assert!(RoomId::new("x".repeat(64)).is_ok());
        assert!(RoomId::new("x".repeat(65)).is_err());
        assert_eq!(
            RoomId::new("a b").unwrap_err().to_string(),
            "a room id may not contain ' '"
        );
        assert!(RoomId::new("raum-ü").is_err());
    }

    #[test]
    fn a_user_id_may_be_any_printable_text() {
        assert!(UserId::new("Bea Müller <b@example.org>").is_ok());
        assert!(UserId::new("a\nb").is_err());
        assert!(UserId::new("a\u{0}b").is_err());
    }

    #[test]
    fn a_request_id_comes_back_as_it_was() {
        for text in [
            "7",
            "\"a7\"",
            "-1",
            "1.5",
            "0",
            "-0",
            "1e2",
            "1E+2",
            "0.10",
            "18446744073709551615",
            "18446744073709551616",
            "-99999999999999999999999999",
            "1e-999",
        ] {
            let id = RequestId::as_written(serde_json::from_str(text).unwrap()).unwrap();
            assert_eq!(serde_json::to_string(&id).unwrap(), text);
        }
        for text in ["7", "\"a7\"", "-1", "1.5"] {
            let id: RequestId = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&id).unwrap(), text);
        }
        for text in [
            "1".repeat(65),
            "1e999".to_owned(),
            format!("\"{}\"", "x".repeat(65)),
            "[]".to_owned(),
            "{}".to_owned(),
            "true".to_owned(),
            "\"\\ud800\"".to_owned(),
        ] {
            assert!(
                RequestId::as_written(serde_json::from_str(&text).unwrap()).is_err(),
                "{text}"
            );
        }
        assert!(serde_json::from_str::<RequestId>(&format!("\"{}\"", "x".repeat(65))).is_err());
        assert!(serde_json::from_str::<RequestId>("{}").is_err());
    }
}
