//! `delete`: a message is taken back, and nothing is left of it.

use std::sync::Arc;

use rookery_protocol::client_frame;
use rookery_store::Replacement;

use super::{
    overwrite::{Target, overwrite},
    send::Stored,
};
use crate::{caller::Caller, chat::Chat, refusal::Refusal};

/// Deletes the message. Who deletes what is deleted already is told of the first deletion.
///
/// # Errors
///
/// Where there is no such message, or the caller neither wrote it nor keeps order there.
pub(super) async fn delete(
    chat: &Arc<Chat>,
    caller: Caller<'_>,
    arguments: client_frame::Delete,
) -> Result<Stored, Refusal> {
    let target = Target {
        room: arguments.room,
        seq: arguments.target,
        nonce: arguments.nonce,
    };
    overwrite(chat, caller, target, Replacement::Deletion).await
}
