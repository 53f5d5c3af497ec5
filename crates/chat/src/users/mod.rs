//! Who is connected here, and what the store is told of them.

mod connected;
mod gone_nodes;
mod lease;
mod logins;
mod presence;

pub use connected::Connected;
pub(crate) use gone_nodes::run as sweep_gone_nodes;
pub(crate) use lease::run as keep_lease;
pub use logins::Logins;
pub(crate) use logins::run as keep_looking_at_logins;
pub use presence::Presence;
pub(crate) use presence::run as tell_presence;
