//! `message`: one message as it is now.

use std::sync::Arc;

use rookery_protocol::{
    ErrorCode, Event,
    client_frame::{HistoryPage, OneMessage},
};

use super::{History, history};
use crate::{caller::Caller, chat::Chat, limits::Claim, refusal::Refusal};

/// Reads the message; the claim is what it takes of its user's and the node's bytes.
///
/// # Errors
///
/// Where there is no such room, or no such message in it (any more).
pub async fn message(
    chat: &Arc<Chat>,
    caller: Caller<'_>,
    arguments: &OneMessage,
) -> Result<(Event, Claim), Refusal> {
    let OneMessage { room, seq } = arguments;
    let page = History {
        room: room.clone(),
        page: HistoryPage::After(seq.saturating_sub(1)),
        limit: 1,
    };
    let page = history(chat, caller, &page).await?;
    let found = page.messages.into_iter().find(|found| found.seq == *seq);
    let event = found.ok_or_else(|| {
        let message = format!("there is no message {seq} in {room}, or no longer");
        Refusal::new(ErrorCode::NotFound, message)
    })?;
    Ok((event, page.claim))
}
