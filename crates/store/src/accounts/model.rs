//! What is asked about accounts, and what is answered.

use std::{fmt, sync::Arc, time::Duration};

use rookery_protocol::{LoginId, UserId};
use serde::{Deserialize, Serialize};

use super::{RefreshHash, Seal};

/// What a name is compared by: two names that people take for each other have the same. The
/// store does not know how it is made.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Skeleton(Arc<str>);

impl Skeleton {
    /// Takes a text as one.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self(Arc::from(text.as_ref()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Skeleton {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How long what is over still matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountTimes {
    /// How long a name is nobody's that somebody gave up.
    pub name_kept: Duration,
    /// How long a refresh token that was replaced still gives the same new one.
    pub same_refresh: Duration,
    /// After how long without a refresh a log-in is over.
    pub idle_login: Duration,
}

impl Default for AccountTimes {
    fn default() -> Self {
        const DAY: Duration = Duration::from_secs(24 * 3600);
        Self {
            name_kept: 30 * DAY,
            same_refresh: Duration::from_secs(15),
            idle_login: 90 * DAY,
        }
    }
}

/// What an account is made of.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Whose it is to be.
    pub user: UserId,
    /// The name as written.
    pub name: String,
    /// What it is compared by.
    pub skeleton: Skeleton,
    /// What a password is held against.
    pub password: String,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Whose it is.
    pub user: UserId,
    /// The name as written.
    pub name: String,
    /// What it is compared by.
    pub skeleton: Skeleton,
    /// What a password is held against.
    pub password: String,
    /// Since when, by the store's clock, in milliseconds since the Unix epoch.
    pub created_at: u64,
    /// Whether nobody may come in with it.
    pub disabled: bool,
}

/// What a user says of themselves, with or without an account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    /// What others may be shown instead of the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
    /// Where a picture is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar: Option<String>,
    /// Whatever clients keep there, as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta: Option<String>,
    /// Whether nobody is told what they have read.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub hide_receipts: bool,
}

/// What of it is to be otherwise; what is not said stays, `Some(None)` takes it away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileChange {
    /// See [`Profile::display`].
    pub display: Option<Option<String>>,
    /// See [`Profile::avatar`].
    pub avatar: Option<Option<String>>,
    /// See [`Profile::meta`].
    pub meta: Option<Option<String>>,
    /// See [`Profile::hide_receipts`].
    pub hide_receipts: Option<bool>,
}

/// Somebody logs in.
#[derive(Debug, Clone)]
pub struct NewLogin {
    /// Its id, at random.
    pub id: LoginId,
    /// What the program calls itself.
    pub client: String,
    /// From where.
    pub address: String,
    /// Of its first refresh token.
    pub refresh: RefreshHash,
    /// The user has at most so many; the one that was used least lately goes for it. 0 is no limit.
    pub most: usize,
}

/// A log-in that began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// What people call its user.
    pub name: String,
    /// Those that ended for it, as the user had too many.
    pub ended: Vec<LoginId>,
}

/// A log-in as its user sees it. Times are in milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginRow {
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
}

/// A refresh token is to be replaced.
#[derive(Debug, Clone)]
pub struct Rotation {
    /// Whose.
    pub user: UserId,
    /// Of which log-in.
    pub login: LoginId,
    /// The one that was brought.
    pub old: RefreshHash,
    /// The one in its place.
    pub new: RefreshHash,
    /// The same, for whoever brings the old one once more.
    pub seal: Seal,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotated {
    /// It is replaced.
    New {
        /// What people call the user.
        name: String,
    },
    /// It was, a moment ago, by this.
    Again {
        /// The one in its place.
        seal: Seal,
        /// What people call the user.
        name: String,
    },
    /// It was replaced long ago, or by one that was used: somebody else may have it. The
    /// log-in is ended.
    Reused,
    /// There is no such log-in, or no longer.
    Unknown,
    /// Nobody may come in with the account.
    Disabled,
}

/// Whether somebody may come in with what they have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// With that log-in, or, where they brought none, since they have no account.
    Stands {
        /// What people call them, where an account says it.
        name: Option<String>,
    },
    /// The log-in is over; or they brought none, and have an account.
    Ended,
    /// Nobody may come in with the account.
    Disabled,
}

/// Which log-ins of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// This one.
    One(LoginId),
    /// All.
    All,
    /// All but this one.
    AllBut(LoginId),
}

/// Another password.
#[derive(Debug, Clone)]
pub struct PasswordChange {
    /// What the old one was held against; `None` where that does not matter. Where it is
    /// another meanwhile nothing is changed.
    pub was: Option<String>,
    /// What the new one is held against.
    pub password: String,
    /// Which log-ins end with it.
    pub ends: Option<Whose>,
}

/// What came of a [`PasswordChange`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewPassword {
    /// It holds, and these log-ins ended.
    Set(Vec<LoginId>),
    /// Somebody else set another one meanwhile.
    Changed,
}
