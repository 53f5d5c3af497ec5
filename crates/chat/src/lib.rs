//! What Rookery is: rooms, the users in them, and what these may do.
//!
//! A program that hosts it opens a [`Session`] for each client, carries out its
//! [`commands`], and runs workers that take what rooms have for their sessions out
//! of the [`delivery`] inboxes and write it. This crate knows nothing of sockets,
//! of HTTP, or of the bytes in which a client is told something.
//!
//! From below to above, and never back: `limits`, `health` and `delivery`; `room`,
//! one room in memory; `rooms`, all of them and the store; `users`; `sync`, what
//! comes from other nodes; [`Chat`], which holds all that; `session` and `commands`.

pub mod accounts;
mod background;
mod caller;
mod chat;
pub mod clock;
pub mod commands;
pub mod delivery;
mod emoji;
pub mod health;
pub mod limits;
pub mod metrics;
pub mod policy;
mod refusal;
mod room;
mod rooms;
mod session;
pub mod settings;
mod single_flight;
mod snapshot;
mod spread;
pub mod sync;
mod turns;
pub mod users;

pub use background::{Background, CarriedOut};
pub use caller::{Caller, Paid, Way};
pub use chat::{Chat, Parts};
pub use clock::Moment;
pub use refusal::{Refusal, Retry};
pub use room::Sequencer;
pub use session::{Opening, SeatNumber, Session};
pub use settings::Settings;
pub use spread::Spread;
