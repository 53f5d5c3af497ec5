//! Requests about oneself and about other people, whatever room they are in.

use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;

use super::{Meta, Password, said::said};
use crate::{LoginId, UserId};

/// Where one is logged in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Sessions {}

/// What is kept of oneself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Me {}

/// A log-in that is to end, or all of them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RevokeSession {
    /// Which; all where it is not said, this one too.
    pub session: Option<LoginId>,
}

/// What of oneself is to be otherwise; what is not said stays.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct UpdateMe {
    /// What people call one.
    pub name: Option<String>,
    /// What others may be shown instead; none where it is `null` or empty.
    #[serde(default, deserialize_with = "said")]
    pub display: Option<Option<String>>,
    /// Where a picture is; none where it is `null` or empty.
    #[serde(default, deserialize_with = "said")]
    pub avatar: Option<Option<String>>,
    /// Whatever clients keep there; none where it is `null`.
    #[serde(default, deserialize_with = "meta_said")]
    pub meta: Option<Option<Meta>>,
    /// Whether nobody is told what one has read.
    pub hide_receipts: Option<bool>,
    /// Another password.
    pub password: Option<Password>,
    /// The one that it takes the place of.
    pub current_password: Option<Password>,
}

/// The end of one's account.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DeleteMe {
    /// One's password.
    pub password: Password,
}

/// People whose names begin so.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Users {
    /// The beginning of the name; everybody where it is not said.
    pub q: Option<String>,
    /// What an answer gave as its `next`.
    pub after: Option<String>,
    /// At most how many.
    pub limit: Option<u32>,
}

/// Somebody.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct OneUser {
    /// Who.
    pub user: UserId,
}

/// Whom one has blocked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Blocks {}

/// Somebody of whom one wants to hear nothing.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Block {
    /// Who.
    pub user: UserId,
}

/// Somebody of whom one wants to hear again.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Unblock {
    /// Who.
    pub user: UserId,
}

/// Whether some people are there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PresenceOf {
    /// Who.
    pub users: Vec<UserId>,
}

/// Tells `null` from what is not there, of an object that is passed on as it is.
fn meta_said<'de, D: Deserializer<'de>>(json: D) -> Result<Option<Option<Meta>>, D::Error> {
    let written = Option::<Box<RawValue>>::deserialize(json)?;
    let meta = written.map(|written| Meta::new(&written)).transpose();
    meta.map(Some).map_err(de::Error::custom)
}
