//! What can be measured. Each scenario has a file: its flags, and a function
//! that turns them into an [`crate::outcome::Outcome`].
//!
//! They share the [`stage`], which sets up what is measured and concludes it, and
//! the [`load`] that sends messages.

pub(crate) mod connect;
pub(crate) mod fanout;
mod figures;
pub(crate) mod idle;
mod load;
mod measured;
pub(crate) mod outage;
pub(crate) mod redis_baseline;
pub(crate) mod rooms;
pub(crate) mod slow;
pub(crate) mod soak;
mod stage;
pub(crate) mod storm;
mod sweep;

pub(crate) use load::{Load, Pace};
pub(crate) use measured::Measured;
pub(crate) use stage::Stage;
