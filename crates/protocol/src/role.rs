//! What a member is in a room.

use serde::{Deserialize, Serialize};

/// The role of a member, from the least to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads, and does not write.
    Readonly,
    /// Writes.
    Member,
    /// Keeps order.
    Admin,
    /// The room belongs to them.
    Owner,
}

impl Role {
    /// All of them, from the least to the most.
    pub const ALL: [Self; 4] = [Self::Readonly, Self::Member, Self::Admin, Self::Owner];

    /// The role as it stands on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Readonly => "readonly",
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }
}
