//! `my_rooms`: the rooms of a user, page by page, those first in which something happened last.

use std::cmp::Reverse;

use rookery_protocol::{RoomId, UserId, client_frame, server_frame::RoomRow};
use serde::Serialize;

use super::members::page_limit;
use crate::{caller::Caller, chat::Chat, refusal::Refusal};

/// A page of them.
#[derive(Debug, Serialize)]
pub(super) struct RoomsTold {
    rooms: Vec<RoomRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Reads the page.
///
/// # Errors
///
/// Where the place is none, or the store cannot be asked.
pub(super) async fn my_rooms(
    chat: &Chat,
    caller: Caller<'_>,
    arguments: client_frame::MyRooms,
) -> Result<RoomsTold, Refusal> {
    let limit = page_limit(arguments.limit)? as usize;
    let after = arguments.after.as_deref().map(Place::read).transpose()?;
    let mut rooms = latest_first(chat, &caller.user.id).await?;
    if let Some(after) = &after {
        rooms.retain(|row| Place::of(row) > *after);
    }
    let more = rooms.len() > limit;
    rooms.truncate(limit);
    let next = rooms.last().filter(|_| more);
    let next = next.map(|row| Place::of(row).written());
    Ok(RoomsTold { rooms, next })
}

/// All of them.
pub(super) async fn latest_first(chat: &Chat, user: &UserId) -> Result<Vec<RoomRow>, Refusal> {
    let mut rooms = chat.store.rooms_of(user).await?;
    rooms.sort_by_cached_key(Place::of);
    Ok(rooms)
}

/// Where a room stands among them. One in which something happens meanwhile comes to the
/// front, where whoever reads on has been already.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place(Reverse<u64>, RoomId);

impl Place {
    fn of(row: &RoomRow) -> Self {
        Self(Reverse(row.last_ts), row.room.clone())
    }

    fn written(&self) -> String {
        format!("{}.{}", self.0.0, self.1)
    }

    fn read(text: &str) -> Result<Self, Refusal> {
        let read = || {
            let (ts, room) = text.split_once('.')?;
            let (ts, room) = (ts.parse().ok()?, RoomId::new(room).ok()?);
            Some(Self(Reverse(ts), room))
        };
        let message = "after must be what an answer gave as its next";
        read().ok_or_else(|| Refusal::bad_request(message))
    }
}
