//! What is looked at in a request before anybody serves it, whatever it asks for.

pub(crate) mod api;
mod bodies;
pub(crate) mod client_address;
mod connections;
pub(crate) mod origin;

pub(crate) use bodies::{Bodies, BodyError, BodyShare};
pub(crate) use connections::HttpConnections;

/// Why a request at `/ws` is not served where it asks for no WebSocket.
pub(crate) const NO_UPGRADE: &str = "WebSockets are served here, and the request does not ask for one: a proxy in between may have dropped `Upgrade` and `Connection: upgrade`";
