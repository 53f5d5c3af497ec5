//! `message`: one message as it is now.

use std::sync::Arc;

use rookery_protocol::{
    ErrorCode, Event,
    client_frame::{HistoryPage, OneMessage},
};

use super::{History, history::read_page};
use crate::{caller::Caller, chat::Chat, refusal::Refusal};

/// Reads the message, for which room was made.
///
/// # Errors
///
/// Where there is no such room, or no such message in it (any more).
pub(super) async fn message(
    chat: &Arc<Chat>,
    caller: Caller<'_>,
    arguments: &OneMessage,
) -> Result<Event, Refusal> {
    let OneMessage { room, seq } = arguments;
    let page = History {
        room: room.clone(),
        page: HistoryPage::After(seq.saturating_sub(1)),
        limit: 1,
    };
    let page = read_page(chat, caller, &page).await?;
    let found = page.messages.into_iter().find(|found| found.seq == *seq);
    found.ok_or_else(|| {
        let message = format!("there is no message {seq} in {room}, or no longer");
        Refusal::new(ErrorCode::NotFound, message)
    })
}
