//! Plain HTTP beside the sockets: health, guests, messages and the page.
//!
//! Errors leave in one form, made in `error`. Sockets are taken over before
//! anything here sees them.

mod accounts;
mod api;
mod app;
mod bearer;
mod bodies;
mod cors;
mod count;
mod error;
mod fallback;
mod guest;
mod health;
mod messages;
mod page;
mod page_body;

pub(crate) use app::app;
pub(crate) use error::HttpError;
pub(crate) use fallback::only_get;
pub(crate) use health::{admitz, healthz, readyz, readyz_at_the_start};

#[cfg(test)]
mod tests;
