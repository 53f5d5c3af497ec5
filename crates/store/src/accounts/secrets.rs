//! What is kept of tokens that nobody but their owner has.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// How many bytes each has.
const BYTES: usize = 32;

macro_rules! kept {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq)]
        pub struct $name(pub [u8; BYTES]);

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&hexadecimal(&self.0))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                let bytes = read(&text).ok_or_else(|| de::Error::custom("no 32 bytes"))?;
                Ok(Self(bytes))
            }
        }
    };
}

kept! {
    /// The SHA-256 of a refresh token.
    RefreshHash
}
kept! {
    /// A refresh token in a form from which only who has the one before can get it.
    Seal
}

fn hexadecimal(bytes: &[u8; BYTES]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read(text: &str) -> Option<[u8; BYTES]> {
    if text.len() != 2 * BYTES || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; BYTES];
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * place..2 * place + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_never_shown() {
        let hash = RefreshHash(std::array::from_fn(|place| place as u8 * 7));
        let json = serde_json::to_string(&hash).unwrap();
        assert_eq!(serde_json::from_str::<RefreshHash>(&json).unwrap(), hash);
        assert_eq!(format!("{hash:?}"), "RefreshHash(…)");
        for wrong in ["\"\"", "\"zz\"", "7"] {
            assert!(serde_json::from_str::<Seal>(wrong).is_err());
        }
    }
}
