//! The node of Rookery.

pub mod http;
pub mod identity;
pub mod logging;
pub mod metrics;
pub mod settings;
