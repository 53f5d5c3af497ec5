//! Rooms as operators see them: which there are, what they take, and how to take them away.

use fred::{
    interfaces::HashesInterface,
    types::{Key, Value},
};
use rookery_protocol::{InviteCode, Role, RoomId, UserId};

use super::{Redis, append_call::text, heads, keys, people, read::number, script::Script};
use crate::{Partition, RoomFigures, StoreError};

/// Of how many entries Redis judges how much memory a log takes.
const SAMPLES: u64 = 50;

impl Redis {
    /// See [`crate::Store::rooms_in`].
    pub(crate) async fn rooms_in(
        &self,
        partition: Partition,
        skip: usize,
        limit: usize,
    ) -> Result<Vec<RoomId>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let connection = self.link.current()?;
        let last = skip.saturating_add(limit - 1);
        let args = vec![
            text(keys::rooms(partition)),
            text(skip.to_string()),
            text(last.to_string()),
        ];
        let rooms: Vec<String> = connection.command("ZRANGE", args).await?;
        let rooms = rooms.into_iter();
        Ok(rooms.filter_map(|room| RoomId::new(room).ok()).collect())
    }

    /// See [`crate::Store::room_figures`].
    pub(crate) async fn room_figures(
        &self,
        room: &RoomId,
    ) -> Result<Option<RoomFigures>, StoreError> {
        let states = heads::read(&self.link, std::slice::from_ref(room)).await?;
        let Some(Some(state)) = states.into_iter().next() else {
            return Ok(None);
        };
        let connection = self.link.current()?;
        let online = connection.client().hlen(keys::online(room));
        let online = connection.run(online).await?;
        let mut bytes = 0;
        for key in [keys::head(room), keys::log(room), keys::hidden(room)] {
            let args = vec![text("USAGE"), text(key), text("SAMPLES"), number(SAMPLES)];
            let usage: Option<u64> = connection.command("MEMORY", args).await?;
            bytes += usage.unwrap_or(0);
        }
        Ok(Some(RoomFigures {
            messages: self.count_messages(room, 0, state.head.seq).await?,
            head: state.head,
            online,
            last_event_ms: state.ts,
            bytes,
        }))
    }

    /// See [`crate::Store::remove_room`].
    pub(crate) async fn remove_room(
        &self,
        room: &RoomId,
        by: Option<(&UserId, Role)>,
    ) -> Result<bool, StoreError> {
        const WHAT: &str = "a removal of a room";
        // One that is made meanwhile leads nowhere, and goes when its time is over.
        let codes = self.codes_of(room).await?;
        let (keys, args) = removal(room, by, &codes);
        let mut answer = self.ask(WHAT, Script::RemoveRoom, keys, args).await?;
        Ok(people::granted(room, WHAT, &mut answer)? == "1")
    }
}

/// What a removal of a room is asked with.
pub(super) fn removal(
    room: &RoomId,
    by: Option<(&UserId, Role)>,
    codes: &[InviteCode],
) -> (Vec<Key>, Vec<Value>) {
    let partition = Partition::of_room(room);
    let keys = [
        keys::rooms(partition),
        keys::due(partition),
        keys::head(room),
        keys::log(room),
        keys::hidden(room),
        keys::members(room),
        keys::rules(room),
        keys::wrote(room),
        keys::invites(room),
        keys::reactors(room),
    ];
    let codes = codes.iter().map(|code| keys::code(partition, code));
    let args = vec![
        text(room.as_str()),
        text(by.map_or("", |(user, _)| user.as_str())),
        number(people::rank(by.map(|(_, least)| least))),
    ];
    (keys.into_iter().chain(codes).map(Key::from).collect(), args)
}
