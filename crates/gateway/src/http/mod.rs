//! Plain HTTP.
pub mod origin;
