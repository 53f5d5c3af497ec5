//! Reading rooms and their logs. Each call is one script, so that what it
//! gives is of one moment.

use fred::types::{Key, Value};
use rookery_protocol::{Cursor, Epoch, RoomId, UserId, client_frame::HistoryPage};

use super::{
    Redis,
    answer::Answer,
    append_call::{cursor, text},
    failure, keys,
    people::granted,
    script::Script,
};
use crate::{History, Range, StoreError};

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
        args.push(number(self.retention.max_messages));
        let mut answer = self
            .ask("a range of events", Script::Events, of_room(room), args)
            .await?;
        if answer.is_empty() {
            return Err(StoreError::NoSuchRoom(room.clone()));
        }
        Ok(Range {
            head: answer.cursor()?,
            forks: answer.forks()?,
            events: answer.events(room)?,
        })
    }

    /// See [`crate::Store::history`].
    pub(crate) async fn history(
        &self,
        room: &RoomId,
        reader: Option<&UserId>,
        page: HistoryPage,
        limit: u32,
    ) -> Result<History, StoreError> {
        const WHAT: &str = "a page of history";
        let (side, seq) = match page {
            HistoryPage::Before(seq) => ("before", seq),
            HistoryPage::After(seq) => ("after", seq),
            HistoryPage::Around(seq) => ("around", seq),
        };
        let args = vec![
            text(side),
            number(seq),
            number(limit.into()),
            number(self.retention.max_messages),
            text(reader.map_or("", UserId::as_str)),
        ];
        let mut keys = of_room(room);
        keys.extend([keys::members(room), keys::rules(room)].map(Key::from));
        let mut answer = self.ask(WHAT, Script::History, keys, args).await?;
        let epoch = granted(room, WHAT, &mut answer)?;
        let epoch = Epoch::new(epoch).map_err(|_| failure::nonsense(WHAT))?;
        let more = answer.flag()?;
        Ok(History {
            epoch,
            messages: answer.events(room)?,
            more,
        })
    }

    /// See [`crate::Store::count_messages`].
    pub(crate) async fn count_messages(
        &self,
        room: &RoomId,
        after: u64,
        up_to: u64,
    ) -> Result<u64, StoreError> {
        let args = vec![
            number(after),
            number(up_to),
            number(self.retention.max_messages),
        ];
        let mut answer = self
            .ask("a count of messages", Script::Count, of_room(room), args)
            .await?;
        if answer.is_empty() {
            return Err(StoreError::NoSuchRoom(room.clone()));
        }
        answer.number()
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

fn of_room(room: &RoomId) -> Vec<Key> {
    vec![
        keys::head(room).into(),
        keys::log(room).into(),
        keys::hidden(room).into(),
    ]
}

/// A number as an argument.
pub(super) fn number(number: u64) -> Value {
    text(number.to_string())
}
