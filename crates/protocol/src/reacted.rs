//! What is told of reactions and pins, as a client reads it.

use serde::{Deserialize, Serialize};

use crate::{Emoji, User, tail::ReactionCount};

/// Reactions to a message were set or taken away: one, or, told together, several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reacted {
    /// The number of the message.
    pub target: u64,
    /// The one.
    #[serde(flatten)]
    pub one: Option<OneReaction>,
    /// All reactions that there are now, where several are told together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reactions: Option<Vec<ReactionCount>>,
    /// What changed, where these are few; else it is not said whose they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<Vec<ReactionOf>>,
}

/// A reaction that is told by itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OneReaction {
    /// What, and of whom.
    #[serde(flatten)]
    pub change: ReactionOf,
    /// How many think so now.
    pub count: u64,
}

/// What somebody thinks, or does no more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReactionOf {
    /// What.
    pub emoji: Emoji,
    /// Whether they think so.
    pub on: bool,
    /// Who.
    pub by: User,
}

/// A message is held up to everybody, or is so no more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pinned {
    /// The number of the message.
    pub target: u64,
    /// Who says so.
    pub by: User,
    /// Whether it is.
    pub on: bool,
}
