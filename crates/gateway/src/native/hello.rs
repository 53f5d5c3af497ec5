//! `hello`: who a client is, and what it is welcomed with.

use std::rc::Rc;

use futures_util::FutureExt;
use rookery_chat::{
    Opening, Paid, Refusal, Retry, clock,
    commands::{self, Opened},
    delivery::Endpoint,
};
use rookery_protocol::{
    CloseCode, ErrorCode, RequestId,
    server_frame::{Limits, Welcome},
};

use super::renew::moment_of;
use crate::{
    entrance::Entrant,
    identity::TokenError,
    wire,
    worker::{Connection, Worker},
};

/// What a client says of the program that it is.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) name: Option<String>,
    pub(super) follows_epochs: bool,
}

/// Checks the token, then reads the user's rooms and welcomes the client. No
/// further frame is read until that is done.
pub(super) fn hello(
    id: Option<RequestId>,
    token: String,
    version: u32,
    client: Program,
    connection: &Rc<Connection>,
    worker: &Rc<Worker>,
) {
    if version != rookery_protocol::VERSION {
        let message = format!(
            "version {version} is not served here; this node speaks {}",
            rookery_protocol::VERSION
        );
        let refusal = Refusal::new(ErrorCode::BadRequest, message);
        connection.refuse(id, refusal, worker);
        return connection.close(CloseCode::UnknownVersion, worker);
    }
    let mut welcoming = Box::pin({
        let (connection, worker) = (Rc::clone(connection), Rc::clone(worker));
        async move {
            let entrant = match worker.node.identify(&token).await {
                Ok(entrant) => entrant,
                Err(error) => return refuse_token(id, &error, &connection, &worker),
            };
            let welcomed = welcome(id.clone(), entrant, client, &connection, &worker).await;
            if let Err(refusal) = welcomed {
                connection.put_off();
                connection.refuse(id, refusal, &worker);
            }
        }
    });
    // The embedded engine knows the rooms at once, and no task is needed.
    if welcoming.as_mut().now_or_never().is_some() {
        return;
    }
    // Whatever is waited for, the client did as it should.
    connection.put_off();
    let held = connection.hold();
    actix_rt::spawn(async move {
        welcoming.await;
        drop(held);
    });
}

/// Says why a token does not let anybody in. Where that cannot be known for now, `hello`
/// may be said again.
fn refuse_token(
    id: Option<RequestId>,
    error: &TokenError,
    connection: &Rc<Connection>,
    worker: &Worker,
) {
    if error.is_a_failure() {
        // What this address asks next is refused before it is looked at.
        let _ = worker
            .node
            .chat
            .allowances
            .charge_stranger(connection.address.into());
    }
    let refusal = refusal_of(error);
    let may_come_again = refusal.retry.is_some();
    if may_come_again {
        connection.put_off();
    }
    connection.refuse(id, refusal, worker);
    if !may_come_again {
        let code = match error {
            TokenError::Disabled => CloseCode::Banned,
            _ => CloseCode::AuthenticationFailed,
        };
        connection.close(code, worker);
    }
}

/// A token that is not taken, as a client is told of it.
pub(super) fn refusal_of(error: &TokenError) -> Refusal {
    if matches!(error, TokenError::StoreAway { .. }) {
        // So it is for everybody who comes.
        return Refusal::for_now(error.code(), error.to_string(), Retry::Spread);
    }
    match error.retry_after_ms() {
        Some(ms) => Refusal::for_now(error.code(), error.to_string(), Retry::AfterMs(ms)),
        None => Refusal::new(error.code(), error.to_string()),
    }
}

/// What is answered to whatever was sent behind a `hello` that was put off.
pub(super) fn say_hello_again() -> Refusal {
    let message = "hello could not be carried out, and nothing can before it; say hello again";
    Refusal::for_now(ErrorCode::Unavailable, message, Retry::Spread)
}

async fn welcome(
    id: Option<RequestId>,
    Entrant { verified, as_of }: Entrant,
    client: Program,
    connection: &Rc<Connection>,
    worker: &Rc<Worker>,
) -> Result<(), Refusal> {
    Paid::charge(&worker.node.chat, &verified.user.id)?;
    let opening = Opening {
        user: verified.user,
        expires: moment_of(verified.expires_at_ms),
        login: verified.login,
        as_of,
        at: Endpoint {
            worker: worker.inbox.number(),
            connection: connection.key,
            wire: connection.wire,
        },
        follows_epochs: client.follows_epochs,
    };
    let is_gone = || connection.ending().is_some();
    let opened = commands::open_session(&worker.node.chat, opening, is_gone).await?;
    let Some(Opened {
        session,
        rooms,
        share,
    }) = opened
    else {
        connection.close(CloseCode::TooManyConnections, worker);
        return Ok(());
    };
    let (node, user) = (&worker.node, session.user().clone());
    let limits = &node.settings.limits;
    let welcome = Welcome {
        id,
        session: session.id(),
        node: node.chat.server_id.clone(),
        user,
        server_time: clock::now_ms(),
        heartbeat_ms: node.settings.heartbeat_ms,
        limits: Limits {
            text: limits.text_chars as u64,
            frame: limits.frame_bytes as u64,
            rooms: limits.rooms_per_connection as u64,
            catch_up: limits.catch_up,
        },
        rooms,
    };
    // Frames are held back while this runs, so no second hello can have come first.
    let next_look = connection.next_deadline(worker);
    connection.tell_before_end(&session, worker);
    let _ = connection.session.set(session);
    connection.watch_sooner(next_look, worker);
    if tracing::enabled!(tracing::Level::DEBUG) {
        let _entered = connection.span().entered();
        tracing::debug!(client = client.name, "welcome");
    }
    connection.answer(share.carry(wire::welcome(welcome)), worker);
    Ok(())
}
