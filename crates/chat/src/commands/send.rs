//! `send`: a message's way into the log.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use futures_util::{FutureExt, future::BoxFuture};
use rookery_protocol::{
    ErrorCode, EventBody, RoomId, User,
    client_frame::{Meta, SendCommand},
    event::MessageFields,
    server_frame::RoomKind,
    text::{self, TextError},
};
use rookery_store::{Append, Appended, Join};

use crate::{
    background::CarriedOut,
    caller::{Caller, Way},
    chat::Chat,
    policy::{self, Action, Role},
    refusal::Refusal,
    room::HealRequest,
};

/// A message that is in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// Its number in the room.
    pub seq: u64,
    /// When it was stored, in milliseconds since the Unix epoch.
    pub ts: u64,
    /// Whether it had been stored before, by the same nonce.
    pub duplicate: bool,
}

/// A message on its way into the log and from there to the room's sessions
/// here. It gets there also where nobody waits for it any more: the store has
/// it, and this node drops its echo on the shared channel.
pub type Sending = CarriedOut<BoxFuture<'static, Result<Stored, Refusal>>>;

/// Counts as a send under way for as long as it is there.
struct UnderWay(Arc<Chat>);

impl UnderWay {
    fn new(chat: &Arc<Chat>) -> Self {
        chat.sends_in_flight.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(chat))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.sends_in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Checks a message and hands it to the store, in the order of the calls;
/// it leaves when somebody calls [`rookery_store::Store::send_appends`].
/// What is given is done when the message is in the log and on its way to
/// the room's sessions here.
///
/// # Errors
///
/// Where the message is refused before the store is asked.
pub fn send(
    chat: &Arc<Chat>,
    caller: Caller<'_>,
    arguments: SendCommand,
) -> Result<Sending, Refusal> {
    // All rooms are public, and a send joins.
    policy::require(
        RoomKind::Public,
        Role::Stranger,
        Action::Send,
        &arguments.room,
    )?;
    let append = append_of(chat, caller.user, arguments)?;
    let room = append.room.clone();
    let begun = Instant::now();
    let under_way = UnderWay::new(chat);
    let appending = chat.store.append_later(append);
    let rest = async move {
        let chat = &under_way.0;
        let appended = appending.await;
        let appended = appended.inspect_err(|_| {
            chat.metrics.appends_failed.inc();
        })?;
        chat.metrics
            .appended(begun.elapsed(), appended.event.is_none());
        let stored = Stored {
            seq: appended.seq,
            ts: appended.ts,
            duplicate: appended.event.is_none(),
        };
        deliver(chat, &room, appended);
        Ok(stored)
    };
    Ok(chat.background.carry_out(rest.boxed()))
}

/// The same for one who has no `join` to make a room by: where nobody has
/// made it, and a join would, it is made first, and counts as made by the caller.
///
/// # Errors
///
/// Where the message is refused.
pub async fn send_making_the_room(
    chat: &Arc<Chat>,
    caller: Caller<'_>,
    arguments: SendCommand,
) -> Result<Stored, Refusal> {
    let sending = send(chat, caller, arguments.clone())?;
    chat.store.send_appends();
    let stored = sending.await;
    let missing = matches!(&stored, Err(refusal) if refusal.code == ErrorCode::NotFound);
    let makes = caller.way == Way::Request && chat.settings.rooms.create_on_join;
    if !missing || !makes {
        return stored;
    }
    let join = Join {
        room: arguments.room.clone(),
        user: caller.user.id.clone(),
        since: None,
        limit: 1,
        catch_up: 0,
        create: true,
        known: None,
    };
    chat.store.join(join).await?;
    let sending = send(chat, caller, arguments)?;
    chat.store.send_appends();
    sending.await
}

fn append_of(chat: &Chat, user: &User, arguments: SendCommand) -> Result<Append, Refusal> {
    let SendCommand {
        room,
        text,
        nonce,
        reply_to,
        meta,
    } = arguments;
    let limits = &chat.settings.limits;
    let text = text::accept(text, limits.text_chars).map_err(|error| {
        let code = match error {
            TextError::TooLong { .. } => ErrorCode::TooLarge,
            TextError::Blank | TextError::Control(_) => ErrorCode::BadRequest,
        };
        Refusal::new(code, error.to_string())
    })?;
    if let Some(meta) = &meta {
        check_meta(meta, limits.meta_bytes)?;
    }
    let body = EventBody::message(&MessageFields {
        from: user,
        text: &text,
        nonce: nonce.as_ref(),
        reply_to,
        meta: meta.as_ref().map(Meta::as_str),
    });
    let known = chat.rooms.followed(&room).and_then(|room| room.position());
    Ok(Append {
        overwrite: None,
        room,
        user: user.id.clone(),
        nonce,
        body,
        known,
    })
}

fn check_meta(meta: &Meta, most: usize) -> Result<(), Refusal> {
    let bytes = meta.as_str().len();
    if most == 0 || bytes <= most {
        return Ok(());
    }
    let message =
        format!("meta has {bytes} bytes as JSON; at most {most} are allowed (limits.meta_bytes)");
    Err(Refusal::new(ErrorCode::TooLarge, message))
}

/// Gives the room what the store has just numbered.
fn deliver(chat: &Chat, room: &RoomId, appended: Appended) {
    let (Some(event), Some(room)) = (appended.event, chat.rooms.followed(room)) else {
        return;
    };
    if room.offer(&appended.epoch, event, &chat.inboxes) == HealRequest::Heal {
        chat.rooms.heal_soon(room);
    }
}
