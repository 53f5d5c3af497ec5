//! What somebody may do, one file for each thing.
//!
//! A command is a function of the chat, of who asks and of what is asked. It checks,
//! asks the store, and gives a typed reply or a refusal; it knows nothing of how
//! either is told. Commands of a session count in the order in which they are
//! first polled, so whoever serves a session polls each once before it takes the next.
//!
//! Whatever is begun in the store is carried out, and nothing is left behind, also
//! where the future of a command is dropped.

mod blocks;
mod change;
mod create_room;
mod delete;
mod delete_me;
mod delete_room;
mod directory;
mod edit;
mod history;
mod invitations;
mod invite;
mod join;
mod leave;
mod log_in;
mod may_come_in;
mod me;
mod members;
mod membership;
mod message;
mod my_rooms;
mod open_direct;
mod open_session;
mod overwrite;
mod own_reactions;
mod pins;
mod presence_of;
mod purge;
mod react;
mod refresh;
mod register;
mod remove;
mod request;
mod restrain;
mod send;
mod sessions;
mod set_role;
mod typing;
mod unfollow;
mod update_me;
mod update_room;
mod users;

pub use history::{History, Page, history};
pub use join::{Join, evicted, join};
pub use leave::leave;
pub use log_in::{LogIn, LoggedIn, log_in};
pub use may_come_in::{NotStanding, Stands, may_come_in};
pub use open_session::{Opened, look_again, open_session};
pub use refresh::refresh;
pub use register::{Register, register};
pub use request::{Reply, most_bytes, request};
pub use send::{Sending, Stored, send, send_coming_in};
pub use typing::{Typing, typing};
pub use unfollow::unfollow;
