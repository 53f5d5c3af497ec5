//! `pin`, `unpin` and `pins`: messages that are held up to everybody.

use rookery_protocol::{Event, RoomId, client_frame};
use rookery_store::Pin;
use serde::Serialize;

use super::{own_reactions::mark_own, send::deliver};
use crate::{caller::Caller, chat::Chat, refusal::Refusal};

/// The event that tells of it; nothing where it was so.
#[derive(Debug, Serialize)]
pub(super) struct PinTold {
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ts: Option<u64>,
}

/// Pins the message.
///
/// # Errors
///
/// Where there is no such message, the caller keeps no order there, or there are as many pins as
/// may be.
pub(super) async fn pin(
    chat: &Chat,
    caller: Caller<'_>,
    arguments: client_frame::Pin,
) -> Result<PinTold, Refusal> {
    change(chat, caller, arguments.room, arguments.target, true).await
}

/// Takes the pin away.
///
/// # Errors
///
/// Where there is no such message, or the caller keeps no order there.
pub(super) async fn unpin(
    chat: &Chat,
    caller: Caller<'_>,
    arguments: client_frame::Unpin,
) -> Result<PinTold, Refusal> {
    change(chat, caller, arguments.room, arguments.target, false).await
}

async fn change(
    chat: &Chat,
    caller: Caller<'_>,
    room: RoomId,
    target: u64,
    on: bool,
) -> Result<PinTold, Refusal> {
    let pin = Pin {
        known: chat.rooms.followed(&room).and_then(|room| room.known()),
        room,
        by: caller.user.clone(),
        target,
        on,
        most: chat.settings.limits.pins_per_room,
    };
    let Some(told) = chat.store.pin(&pin).await? else {
        return Ok(PinTold {
            seq: None,
            ts: None,
        });
    };
    let (seq, ts) = (Some(told.seq), Some(told.ts));
    deliver(chat, &pin.room, told);
    Ok(PinTold { seq, ts })
}

/// Reads the messages that are pinned, in the order in which they were.
///
/// # Errors
///
/// Where there is no such room.
pub(super) async fn pins(
    chat: &Chat,
    caller: Caller<'_>,
    arguments: &client_frame::Pins,
) -> Result<Vec<Event>, Refusal> {
    let (room, reader) = (&arguments.room, &caller.user.id);
    let mut messages = chat.store.pinned(room, reader).await?;
    mark_own(chat, room, reader, &mut messages).await?;
    Ok(messages)
}
