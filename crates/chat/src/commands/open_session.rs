//! Beginning a session: who somebody is was checked by whoever serves them.

use std::{rc::Rc, sync::Arc};

use rookery_protocol::server_frame::RoomRow;

use crate::{
    chat::Chat,
    limits::Share,
    refusal::Refusal,
    session::{Opening, Session},
};

/// A session that has begun.
#[derive(Debug)]
pub struct Opened {
    /// The session; it ends where this is dropped.
    pub session: Rc<Session>,
    /// The rooms that its user is a member of.
    pub rooms: Vec<RoomRow>,
    /// What a welcome with them takes of the node's bytes.
    pub share: Share,
}

/// Reads the user's rooms and begins the session, unless `is_gone` says that
/// whoever asked has gone meanwhile; then, and where the user has as many sessions
/// as they may on this node, there is none.
///
/// # Errors
///
/// Where the rooms cannot be read.
pub async fn open_session(
    chat: &Arc<Chat>,
    opening: Opening,
    is_gone: impl Fn() -> bool,
) -> Result<Option<Opened>, Refusal> {
    let share = chat.answers.reserve_welcome().await?;
    let rooms = chat.store.rooms_of(&opening.user.id).await?;
    if is_gone() {
        return Ok(None);
    }
    let session = Session::open(chat, opening);
    Ok(session.map(|session| Opened {
        session,
        rooms,
        share,
    }))
}
