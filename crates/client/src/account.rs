//! What a user keeps of themselves, and where they are logged in, as nodes tell it.

use rookery_protocol::{LoginId, User};
use serde::{Deserialize, Serialize};

/// A session of an account. Times are in milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AccountSession {
    /// Which.
    pub id: LoginId,
    /// What the program calls itself.
    pub client: String,
    /// From where.
    pub address: String,
    /// When it began.
    pub created_at: u64,
    /// When a token was last taken with it.
    pub used_at: u64,
    /// Whether it is that of this client.
    pub current: bool,
}

/// What is kept of a user.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Me {
    /// Who.
    pub user: User,
    /// Whether they have an account.
    pub account: bool,
    /// Since when, in milliseconds since the Unix epoch.
    pub created_at: Option<u64>,
    /// What others may be shown instead of the name.
    pub display: Option<String>,
    /// Where a picture is.
    pub avatar: Option<String>,
    /// Whatever clients keep there: a JSON object.
    pub meta: Option<serde_json::Value>,
    /// Whether nobody is told what they have read.
    pub hide_receipts: bool,
}

/// What of it is to be otherwise; what is not said stays, an empty text takes it away.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct MeChange {
    /// What people call them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// See [`Me::display`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
    /// See [`Me::avatar`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar: Option<String>,
    /// See [`Me::meta`]; `Some(None)` takes it away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta: Option<Option<serde_json::Value>>,
    /// See [`Me::hide_receipts`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hide_receipts: Option<bool>,
}
