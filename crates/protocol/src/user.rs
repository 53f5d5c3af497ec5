//! A user as others see one.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::UserId;

/// Who somebody is: the id by which rooms know them and the name that people read.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct User {
    /// The `sub` of the token.
    pub id: UserId,
    /// The `name` of the token, 1 to 64 characters.
    pub name: Arc<str>,
}

impl User {
    /// The most characters of a name.
    pub const NAME_CHARS: usize = 64;
}
