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
    text::{self, TextError},
};
use rookery_store::{Admission, Append, Appended, Join, StoreError};
use serde::Serialize;

use crate::{
    background::CarriedOut,
    caller::{Caller, Way},
    chat::Chat,
    policy,
    refusal::Refusal,
    room::HealRequest,
};

/// A message that is in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
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

/// The same for one who is not in the room: a send to a public room makes one a member of
/// it. By a single request, which has no `join` to make a room by, it is made where nobody
/// has and a join would; then it counts as made by the caller.
///
/// # Errors
///
/// Where the message is refused.
pub async fn send_coming_in(
    chat: &Arc<Chat>,
    caller: Caller<'_>,
    arguments: SendCommand,
) -> Result<Stored, Refusal> {
    // What cannot be sent makes nobody a member.
    check(chat, &arguments)?;
    let (user, way, login) = (caller.user.clone(), caller.way, caller.login);
    let under_way = UnderWay::new(chat);
    let work = async move {
        let caller = Caller {
            user: &user,
            way,
            login,
        };
        let chat = &under_way.0;
        match come_in(chat, &arguments.room, &user).await {
            Err(StoreError::NoSuchRoom(_)) if makes_rooms(chat, caller, &arguments.room) => {
                chat.store.join(making(&arguments.room, &user)).await?;
                come_in(chat, &arguments.room, &user).await?;
            }
            came_in => came_in?,
        }
        let sending = send(chat, caller, arguments)?;
        chat.store.send_appends();
        sending.await
    };
    chat.background.carry_out(work.boxed()).await
}

fn makes_rooms(chat: &Chat, caller: Caller<'_>, room: &RoomId) -> bool {
    let may = chat.settings.rooms.create_on_join && !policy::is_direct(room);
    may && caller.way == Way::Request
}

/// Makes somebody a member who is none and may become one.
async fn come_in(chat: &Chat, room: &RoomId, user: &User) -> Result<(), StoreError> {
    if let Admission::Open(admitted) = chat.store.admit(room, &user.id, false).await? {
        chat.store.note_person(user).await?;
        chat.store
            .remember_member(&user.id, room, admitted.seq)
            .await?;
        chat.store.admit(room, &user.id, true).await?;
    }
    Ok(())
}

fn making(room: &RoomId, user: &User) -> Join {
    Join {
        room: room.clone(),
        user: user.id.clone(),
        since: None,
        limit: 1,
        catch_up: 0,
        create: true,
        known: None,
    }
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
    let text = accept_text(text, limits.text_chars)?;
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
    let known = chat.rooms.followed(&room).and_then(|room| room.known());
    Ok(Append {
        overwrite: None,
        room,
        user: user.id.clone(),
        nonce,
        body,
        known,
    })
}

pub(super) fn accept_text(text: String, most: usize) -> Result<String, Refusal> {
    text::accept(text, most).map_err(|error| {
        let code = match error {
            TextError::TooLong { .. } => ErrorCode::TooLarge,
            TextError::Blank | TextError::Control(_) => ErrorCode::BadRequest,
        };
        Refusal::new(code, error.to_string())
    })
}

fn check(chat: &Chat, arguments: &SendCommand) -> Result<(), Refusal> {
    let limits = &chat.settings.limits;
    accept_text(arguments.text.clone(), limits.text_chars)?;
    arguments
        .meta
        .as_ref()
        .map_or(Ok(()), |meta| check_meta(meta, limits.meta_bytes))
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
pub(super) fn deliver(chat: &Chat, room: &RoomId, appended: Appended) {
    let (Some(event), Some(room)) = (appended.event, chat.rooms.followed(room)) else {
        return;
    };
    if room.offer(&appended.epoch, event, &chat.inboxes) == HealRequest::Heal {
        chat.rooms.heal_soon(room);
    }
}
