//! Plain HTTP beside the sockets: health, guests, messages and the page.
//!
//! Errors leave in one form, made in `error`. Sockets are taken over before
//! anything here sees them.

mod app;
mod bearer;
mod bodies;
pub(crate) mod client_address;
mod connections;
mod cors;
mod count;
mod error;
pub(crate) mod fallback;
mod guest;
mod health;
mod messages;
pub mod origin;
mod page;
mod pages;
mod readiness;

pub(crate) use app::app;
pub(crate) use bodies::Bodies;
pub(crate) use connections::HttpConnections;
pub(crate) use error::HttpError;
pub(crate) use fallback::only_get;
pub(crate) use health::{admitz, healthz, readyz, readyz_at_the_start};
pub(crate) use pages::Pages;
pub use readiness::Readiness;

#[cfg(test)]
mod tests;
