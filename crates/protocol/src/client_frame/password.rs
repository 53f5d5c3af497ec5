//! A password on its way to where it is hashed: never shown, never written down.

use std::fmt;

use serde::Deserialize;

/// A password as somebody typed it.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Password(String);

impl Password {
    /// Takes a text as one.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text; for whoever hashes it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}
