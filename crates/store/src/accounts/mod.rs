//! Who has an account, and who is logged in with it.
//!
//! Everything of an account is one document under its user, and what is claimed of a name
//! one under the name, so that a step touches one partition. What a step does to a document
//! is said here once, for both engines: they only read it and put another in its place if it
//! is still the same. No password and no token is ever seen here, only what is made of them.

mod blocks;
mod document;
mod log_ins;
mod model;
mod name_claim;
mod names;
mod record;
mod secrets;
mod session_steps;
mod steps;

pub use blocks::BlockChange;
pub(crate) use document::{Document, DocumentKey, Documents, Version};
pub use model::{
    Account, AccountTimes, Login, LoginRow, NewAccount, NewLogin, NewPassword, PasswordChange,
    Profile, ProfileChange, Rotated, Rotation, Skeleton, Standing, Whose,
};
pub use secrets::{RefreshHash, Seal};
