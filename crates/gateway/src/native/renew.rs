//! `renew`: a connection goes on with another token of its user.

use std::time::Duration;

use rookery_chat::{Moment, Refusal, Session, clock, commands};
use rookery_protocol::ErrorCode;

use super::hello::refusal_of;
use crate::{
    entrance::Entrant,
    worker::{Connection, Worker},
};

/// Puts this token in the place of the one that the connection has. Gives when it
/// ends. Where it is refused the connection stays, until the old one ends.
pub(super) async fn renew(
    token: &str,
    session: &Session,
    connection: &Connection,
    worker: &Worker,
) -> Result<u64, Refusal> {
    let entrant = worker.node.identify(token).await;
    let Entrant { verified, as_of } = entrant.map_err(|error| refusal_of(&error))?;
    if verified.user.id != session.user().id {
        let message = "the token is somebody else's; open another connection to be somebody else";
        return Err(Refusal::new(ErrorCode::Conflict, message));
    }
    let next_look = connection.next_deadline(worker);
    session.renew(moment_of(verified.expires_at_ms), verified.login);
    commands::look_again(&worker.node.chat, session, as_of).await?;
    connection.tell_before_end(session, worker);
    connection.watch_sooner(next_look, worker);
    Ok(verified.expires_at_ms)
}

/// When a time of the calendar comes, by the clock that never jumps.
pub(super) fn moment_of(at_ms: u64) -> Moment {
    // A token that outlives a year is looked at again within it; connections do not last that long.
    const YEAR_MS: u64 = 365 * 24 * 3600 * 1000;
    Moment::now() + Duration::from_millis(at_ms.saturating_sub(clock::now_ms()).min(YEAR_MS))
}
