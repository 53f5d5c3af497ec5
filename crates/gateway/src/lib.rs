//! The node of Rookery.

pub mod http;
pub mod identity;
pub mod settings;
