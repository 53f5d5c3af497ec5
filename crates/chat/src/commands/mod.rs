//! What somebody may do, one file for each thing.
//!
//! A command is a function of the chat, of who asks and of what is asked. It checks,
//! asks the store, and gives a typed reply or a refusal; it knows nothing of how
//! either is told. Commands of a session count in the order in which they are
//! first polled, so whoever serves a session polls each once before it takes the next.
//!
//! Whatever is begun in the store is carried out, and nothing is left behind, also
//! where the future of a command is dropped.

mod change;
mod create_room;
mod delete;
mod delete_room;
mod directory;
mod edit;
mod history;
mod invitations;
mod invite;
mod join;
mod leave;
mod members;
mod membership;
mod message;
mod open_direct;
mod open_session;
mod overwrite;
mod purge;
mod remove;
mod request;
mod restrain;
mod send;
mod set_role;
mod typing;
mod unfollow;
mod update_room;

pub use history::{History, Page, history};
pub use join::{Join, evicted, join};
pub use leave::leave;
pub use open_session::{Opened, open_session};
pub(crate) use purge::Purges;
pub use request::{Reply, most_bytes, request};
pub use send::{Sending, Stored, send, send_coming_in};
pub use typing::{Typing, typing};
pub use unfollow::unfollow;
