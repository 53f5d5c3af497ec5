//! Plain HTTP.

mod app;
pub(crate) mod client_address;
pub mod origin;
mod readiness;

pub(crate) use app::app;
pub use readiness::Readiness;
