//! What people come in with who have an account here: names, passwords, refresh tokens.
//!
//! Nothing of it is ever logged, and a password is looked at in a thread that may take its
//! time, never in one that serves others.

mod name;
mod passwords;
mod refresh_token;

pub use name::{AccountName, AccountNameError};
pub use passwords::Passwords;
pub(crate) use passwords::Verdict;
pub use refresh_token::RefreshToken;

/// What the ids of those begin with who have registered without having been here before.
pub const ACCOUNT_PREFIX: &str = "u_";

/// What the ids of guests begin with, who keep them where they register.
pub const GUEST_PREFIX: &str = "guest_";
