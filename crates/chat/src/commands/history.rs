//! `history`: a page of the past.

use std::sync::Arc;

use rookery_protocol::{Epoch, Event, RoomId, client_frame::HistoryPage};

use super::own_reactions::mark_own;
use crate::{caller::Caller, chat::Chat, limits::Claim, refusal::Refusal};

/// Which part of which room's past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// The room.
    pub room: RoomId,
    /// Which messages.
    pub page: HistoryPage,
    /// At most how many.
    pub limit: u32,
}

/// Messages as they are now, ascending.
#[derive(Debug)]
pub struct Page {
    /// The life of the room's log.
    pub epoch: Epoch,
    /// The messages.
    pub messages: Vec<Event>,
    /// Whether there are more in that direction.
    pub more: bool,
    /// What the page takes of its user's and of the node's bytes: to be carried by
    /// what it is made into, until that was taken.
    pub claim: Claim,
}

impl History {
    /// The most bytes that the page can have.
    pub fn most_bytes(&self, chat: &Chat) -> usize {
        chat.answers.most_bytes(self.limit.into())
    }
}

/// Reads the page, after room was made for what that can be at most.
///
/// # Errors
///
/// Where there is no such room, or too much of what was asked for waits to be taken.
pub async fn history(
    chat: &Arc<Chat>,
    caller: Caller<'_>,
    arguments: &History,
) -> Result<Page, Refusal> {
    let most = arguments.most_bytes(chat);
    let claim = chat.answers.claim(&caller.user.id, most).await?;
    let history = read_page(chat, caller, arguments).await?;
    Ok(Page {
        epoch: history.epoch,
        messages: history.messages,
        more: history.more,
        claim,
    })
}

/// Reads it, where room was made for it.
pub(super) async fn read_page(
    chat: &Chat,
    caller: Caller<'_>,
    arguments: &History,
) -> Result<rookery_store::History, Refusal> {
    let History { room, page, limit } = arguments;
    let reader = Some(&caller.user.id);
    let mut history = chat.store.history(room, reader, *page, *limit).await?;
    mark_own(chat, room, &caller.user.id, &mut history.messages).await?;
    Ok(history)
}
