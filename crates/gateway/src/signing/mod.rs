//! What tokens are signed with: four algorithms, and the keys of those who sign, in
//! the forms in which they are handed out.
//!
//! Which algorithm counts is never read off a token.

mod algorithm;
mod error;
mod jwks;
mod keys;
mod pem;
mod provider;

pub use algorithm::Algorithm;
pub(crate) use error::KeyError;
pub(crate) use keys::Keys;
pub(crate) use provider::install;
