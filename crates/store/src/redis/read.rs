//! Reading rooms and their logs. Each call is one script, so that what it
//! gives is of one moment.

use fred::types::{Key, Value};
use rookery_protocol::{Cursor, RoomId, client_frame::HistoryPage, server_frame::RoomKind};

use super::{
    Redis,
    answer::Answer,
    append_call::{cursor, text},
    keys,
    link::Link,
    script::Script,
};
use crate::{History, Range, StoreError, room_name};

/// How many rooms are asked for in one call.
const ROOMS_PER_CALL: usize = 500;

/// What Redis knows of a room.
pub(super) struct RoomState {
    pub(super) kind: RoomKind,
    pub(super) name: String,
    pub(super) head: Cursor,
}

impl Redis {
    /// See [`crate::Store::events_after`].
    pub(crate) async fn events_after(
        &self,
        room: &RoomId,
        after: &Cursor,
        limit: usize,
    ) -> Result<Range, StoreError> {
        let mut args = cursor(Some(after)).to_vec();
        args.push(text(limit.to_string()));
        args.push(number(self.retention.max_events));
        let mut answer = self
            .ask("a range of events", Script::Events, of_room(room), args)
            .await?;
        if answer.is_empty() {
            return Err(StoreError::NoSuchRoom(room.clone()));
        }
        Ok(Range {
            head: answer.cursor()?,
            events: answer.events(room)?,
        })
    }

    /// See [`crate::Store::history`].
    pub(crate) async fn history(
        &self,
        room: &RoomId,
        page: HistoryPage,
        limit: u32,
    ) -> Result<History, StoreError> {
        let (side, seq) = match page {
            HistoryPage::Before(seq) => ("before", seq),
            HistoryPage::After(seq) => ("after", seq),
            HistoryPage::Around(seq) => ("around", seq),
        };
        let args = vec![
            text(side),
            number(seq),
            number(limit.into()),
            number(self.retention.max_events),
        ];
        let mut answer = self
            .ask("a page of history", Script::History, of_room(room), args)
            .await?;
        if answer.is_empty() {
            return Err(StoreError::NoSuchRoom(room.clone()));
        }
        let more = answer.flag()?;
        Ok(History {
            messages: answer.events(room)?,
            more,
        })
    }

    /// See [`crate::Store::heads`].
    pub(crate) async fn heads(&self, rooms: &[RoomId]) -> Result<Vec<Option<Cursor>>, StoreError> {
        let states = self::rooms(&self.link, rooms).await?;
        Ok(states
            .into_iter()
            .map(|state| state.map(|state| state.head))
            .collect())
    }

    pub(super) async fn ask(
        &self,
        what: &'static str,
        script: Script,
        keys: Vec<Key>,
        args: Vec<Value>,
    ) -> Result<Answer, StoreError> {
        self.link.ask(what, script, keys, args).await
    }
}

/// What Redis knows of many rooms; `None` where there is no such room.
pub(super) async fn rooms(
    link: &Link,
    rooms: &[RoomId],
) -> Result<Vec<Option<RoomState>>, StoreError> {
    let mut states = Vec::with_capacity(rooms.len());
    for rooms in rooms.chunks(ROOMS_PER_CALL) {
        let keys = rooms.iter().map(|room| keys::head(room).into()).collect();
        let mut answer = link
            .ask("a list of rooms", Script::Rooms, keys, Vec::new())
            .await?;
        for room in rooms {
            states.push(room_state(&mut answer, room)?);
        }
    }
    Ok(states)
}

fn of_room(room: &RoomId) -> Vec<Key> {
    vec![keys::head(room).into(), keys::log(room).into()]
}

/// A number as an argument.
pub(super) fn number(number: u64) -> Value {
    text(number.to_string())
}

fn room_state(answer: &mut Answer, room: &RoomId) -> Result<Option<RoomState>, StoreError> {
    let (kind, name) = (answer.text()?, answer.text()?);
    if kind.is_empty() {
        // Two empty strings stand for the head.
        answer.text()?;
        answer.text()?;
        return Ok(None);
    }
    Ok(Some(RoomState {
        kind: room_kind(&kind)?,
        name: name_of(name, room),
        head: answer.cursor()?,
    }))
}

/// What people call a room that is held under this name, or without one.
pub(super) fn name_of(held: String, room: &RoomId) -> String {
    if held.is_empty() {
        room_name::readable(room)
    } else {
        held
    }
}

pub(super) fn room_kind(word: &str) -> Result<RoomKind, StoreError> {
    [RoomKind::Public, RoomKind::Private, RoomKind::Direct]
        .into_iter()
        .find(|kind| kind.as_str() == word)
        .ok_or_else(|| StoreError::Broken(format!("a room of the unknown kind {word:?}")))
}
