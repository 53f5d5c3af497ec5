//! `directory`: the public rooms, page by page.
//!
//! Private and direct rooms are in no page, whoever asks.

use rookery_protocol::{ErrorCode, RoomId, client_frame};
use rookery_store::{DirectoryAsked, DirectoryPlace, ListedRoom};
use serde::Serialize;

use super::members::page_limit;
use crate::{caller::Caller, chat::Chat, refusal::Refusal};

/// The most characters that are looked for.
const WORDS_CHARS: usize = 100;

/// What one room takes in an answer: an id, a name and a description of the greatest length.
pub(super) const ROOM_BYTES: usize = 4 * 1024;

/// A page of them.
#[derive(Debug, Serialize)]
pub(super) struct DirectoryTold {
    rooms: Vec<RoomTold>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Debug, Serialize)]
struct RoomTold {
    room: RoomId,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    members: u64,
    online: u64,
    last_ts: u64,
}

/// Reads the page.
///
/// # Errors
///
/// Where what is looked for is too long, or the place is none.
pub(super) async fn directory(
    chat: &Chat,
    caller: Caller<'_>,
    arguments: client_frame::Directory,
) -> Result<DirectoryTold, Refusal> {
    let words = arguments.q.unwrap_or_default();
    let words = words.trim();
    if words.chars().count() > WORDS_CHARS {
        let message = format!("q has at most {WORDS_CHARS} characters");
        return Err(Refusal::new(ErrorCode::TooLarge, message));
    }
    let read_place = |text: &str| {
        let message = "after must be what an answer gave as its next";
        DirectoryPlace::read(text).ok_or_else(|| Refusal::bad_request(message))
    };
    let asked = DirectoryAsked {
        reader: caller.user.id.clone(),
        words: words.to_lowercase(),
        after: arguments.after.as_deref().map(read_place).transpose()?,
        limit: page_limit(arguments.limit)? as usize,
    };
    let page = chat.store.directory(&asked).await?;
    Ok(DirectoryTold {
        rooms: page.rooms.into_iter().map(told).collect(),
        next: page.next.map(|place| place.to_string()),
    })
}

fn told(room: ListedRoom) -> RoomTold {
    RoomTold {
        room: room.room,
        name: room.name,
        description: room.description,
        members: room.members,
        online: room.online,
        last_ts: room.last_event_ms,
    }
}
