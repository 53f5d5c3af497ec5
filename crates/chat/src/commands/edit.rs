//! `edit`: a message gets another text, and nothing is left of the one that it had.

use std::sync::Arc;

use rookery_protocol::client_frame;
use rookery_store::Replacement;

use super::{
    overwrite::{Target, overwrite},
    send::{Stored, accept_text},
};
use crate::{caller::Caller, chat::Chat, refusal::Refusal};

/// Edits the message.
///
/// # Errors
///
/// Where there is no such message, the caller did not write it or may not write now, or the
/// text is none.
pub(super) async fn edit(
    chat: &Arc<Chat>,
    caller: Caller<'_>,
    arguments: client_frame::Edit,
) -> Result<Stored, Refusal> {
    let text = accept_text(arguments.text, chat.settings.limits.text_chars)?;
    let target = Target {
        room: arguments.room,
        seq: arguments.target,
        nonce: arguments.nonce,
    };
    // As the bytes of JSON that stand in the message.
    let text = serde_json::Value::from(text).to_string();
    overwrite(chat, caller, target, Replacement::Text(text.into())).await
}
