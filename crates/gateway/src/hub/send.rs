//! A message's way into the log, from a socket or by HTTP.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use futures_util::{FutureExt, future::BoxFuture};
use rookery_protocol::{
    ErrorCode, EventBody, User,
    client_frame::{Meta, SendCommand},
    event::MessageFields,
    text::{self, TextError},
};
use rookery_store::{Append, Appended, Join};

use super::{CarriedOut, Hub};
use crate::{room::Wanted, session::Refusal};

/// A message that is in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stored {
    /// Its number in the room.
    pub(crate) seq: u64,
    /// When it was stored, in milliseconds since the Unix epoch.
    pub(crate) ts: u64,
    /// Whether it had been stored before, by the same nonce.
    pub(crate) duplicate: bool,
}

/// A message on its way into the log and from there to the room's sessions
/// here. It gets there also where nobody waits for it any more: the store has
/// it, and this node drops its echo on the shared channel.
pub(crate) type Sending = CarriedOut<BoxFuture<'static, Result<Stored, Refusal>>>;

/// Counts as a send under way for as long as it is there.
struct UnderWay(Arc<Hub>);

impl UnderWay {
    fn new(hub: &Arc<Hub>) -> Self {
        hub.sends_in_flight.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(hub))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.sends_in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Hub {
    /// Checks a message and hands it to the store, in the order of the calls;
    /// it leaves when the caller calls [`rookery_store::Store::send_appends`].
    /// What is given is done when the message is in the log and on its way to
    /// the room's sessions here.
    pub(crate) fn send(
        self: &Arc<Self>,
        user: &User,
        command: SendCommand,
    ) -> Result<Sending, Refusal> {
        let append = self.append_of(user, command)?;
        let room = append.room.clone();
        let begun = Instant::now();
        let under_way = UnderWay::new(self);
        let appending = self.store.append_later(append);
        let rest = async move {
            let hub = &under_way.0;
            let appended = appending.await;
            let appended = appended.inspect_err(|_| hub.metrics.appends_failed.inc())?;
            hub.metrics
                .appended(begun.elapsed(), appended.event.is_none());
            let stored = Stored {
                seq: appended.seq,
                ts: appended.ts,
                duplicate: appended.event.is_none(),
            };
            hub.take_appended(&room, appended);
            Ok(stored)
        };
        Ok(CarriedOut::new(rest.boxed(), &self.background))
    }

    /// The same for one who has no `join` to make a room by: where nobody has
    /// made it, and a join would, it is made first, and counts as made by the user.
    pub(crate) async fn send_making_the_room(
        self: &Arc<Self>,
        user: &User,
        command: SendCommand,
    ) -> Result<Stored, Refusal> {
        let storing = self.send(user, command.clone())?;
        self.store.send_appends();
        let stored = storing.await;
        let missing = matches!(&stored, Err(refusal) if refusal.code == ErrorCode::NotFound);
        if !missing || !self.settings.rooms.create_on_join {
            return stored;
        }
        let join = Join {
            room: command.room.clone(),
            user: user.id.clone(),
            since: None,
            limit: 1,
            catch_up: 0,
            create: true,
            known: None,
        };
        self.store.join(join).await?;
        let storing = self.send(user, command)?;
        self.store.send_appends();
        storing.await
    }

    fn append_of(&self, user: &User, command: SendCommand) -> Result<Append, Refusal> {
        let SendCommand {
            room,
            text,
            nonce,
            reply_to,
            meta,
        } = command;
        let text = text::accept(text, self.settings.limits.text_chars).map_err(|error| {
            let code = match error {
                TextError::TooLong { .. } => ErrorCode::TooLarge,
                TextError::Blank | TextError::Control(_) => ErrorCode::BadRequest,
            };
            Refusal::new(code, error.to_string())
        })?;
        meta.iter().try_for_each(|meta| self.check_meta(meta))?;
        let body = EventBody::message(&MessageFields {
            from: user,
            text: &text,
            nonce: nonce.as_ref(),
            reply_to,
            meta: meta.as_ref().map(Meta::as_str),
        });
        let known = self.followed_room(&room).and_then(|room| room.position());
        Ok(Append {
            room,
            user: user.id.clone(),
            nonce,
            body,
            known,
        })
    }

    fn check_meta(&self, meta: &Meta) -> Result<(), Refusal> {
        let (bytes, most) = (meta.as_str().len(), self.settings.limits.meta_bytes);
        if most == 0 || bytes <= most {
            return Ok(());
        }
        let message = format!(
            "meta has {bytes} bytes as JSON; at most {most} are allowed (limits.meta_bytes)"
        );
        Err(Refusal::new(ErrorCode::TooLarge, message))
    }

    /// Gives the room what the store has just numbered.
    fn take_appended(self: &Arc<Self>, room: &rookery_protocol::RoomId, appended: Appended) {
        let (Some(event), Some(room)) = (appended.event, self.followed_room(room)) else {
            return;
        };
        if room.offer(&appended.epoch, event, &self.workers) == Wanted::Healing {
            self.heal_soon(room);
        }
    }
}
