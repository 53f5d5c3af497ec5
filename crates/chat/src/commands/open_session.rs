//! Beginning a session: who somebody is was checked by whoever serves them.

use std::{rc::Rc, sync::Arc};

use rookery_protocol::{CloseCode, server_frame::RoomRow};

use super::may_come_in::{NotStanding, Stands, may_come_in};
use super::my_rooms;
use crate::{
    chat::Chat,
    limits::{ROOMS_IN_WELCOME, Share},
    refusal::Refusal,
    session::{Opening, Session},
};

/// A session that has begun.
#[derive(Debug)]
pub struct Opened {
    /// The session; it ends where this is dropped.
    pub session: Rc<Session>,
    /// The rooms that its user is a member of, or as many as a welcome has: those first in which
    /// something happened last.
    pub rooms: Vec<RoomRow>,
    /// What a welcome with them takes of the node's bytes.
    pub share: Share,
}

/// Closes a session whose log-in ended before it was known to be here: from then on it hears of
/// that. `as_of` is when it was last looked at, as [`crate::users::Logins::changes`] counts.
///
/// # Errors
///
/// Where the store cannot be asked.
pub async fn look_again(chat: &Chat, session: &Session, as_of: u64) -> Result<(), Refusal> {
    if chat.logins.changes() == as_of {
        return Ok(());
    }
    match may_come_in(chat, &session.user().id, session.login()).await {
        Ok(Stands {
            name: Some(name), ..
        }) if *name != *session.user().name => {
            chat.logins.close(session.at(), CloseCode::Renamed);
        }
        Ok(_) => {}
        Err(NotStanding::Ended) => {
            let code = match session.login() {
                Some(_) => CloseCode::SessionRevoked,
                // A guest, who has registered.
                None => CloseCode::TokenExpired,
            };
            chat.logins.close(session.at(), code);
        }
        Err(NotStanding::Disabled) => chat.logins.close(session.at(), CloseCode::Banned),
        Err(NotStanding::Unknown(error)) => return Err(error.into()),
    }
    Ok(())
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
    let mut rooms = my_rooms::latest_first(chat, &opening.user.id).await?;
    rooms.truncate(ROOMS_IN_WELCOME);
    if is_gone() {
        return Ok(None);
    }
    let as_of = opening.as_of;
    let session = Session::open(chat, opening);
    if let Some(session) = &session {
        look_again(chat, session, as_of).await?;
    }
    Ok(session.map(|session| Opened {
        session,
        rooms,
        share,
    }))
}
