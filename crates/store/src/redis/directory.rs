//! The public rooms. Their heads are read as they are, many in a call; of those that are
//! listed in the end a script says the rest.

use fred::types::Key;
use rookery_protocol::{RoomId, UserId, server_frame::RoomKind};

use super::{
    Redis, append_call::text, failure, grouping::in_order, heads, keys, read::number,
    script::Script,
};
use crate::{
    DirectoryAsked, DirectoryPage, DirectoryPlace, ListedRoom, Partition, StoreError,
    directory::MOST_LOOKED_AT,
};

const WHAT: &str = "a part of the directory";

/// How many rooms are looked at in one call.
const ROOMS_AT_ONCE: usize = 250;

/// And how many of those that are listed are described in one.
const DESCRIBED_AT_ONCE: usize = 50;

/// Rooms that may be listed, and whether there are none behind them.
struct Found {
    places: Vec<DirectoryPlace>,
    ended: bool,
}

impl Redis {
    /// See [`crate::Store::directory`].
    pub(crate) async fn directory(
        &self,
        asked: &DirectoryAsked,
    ) -> Result<DirectoryPage, StoreError> {
        let mut page = DirectoryPage {
            rooms: Vec::new(),
            next: asked.after.clone(),
        };
        let mut looked_at = 0;
        while looked_at < MOST_LOOKED_AT {
            let found = self.rooms_from(page.next.as_ref()).await?;
            looked_at += ROOMS_AT_ONCE;
            for (place, listed) in self.listed(asked, &found.places).await? {
                if page.rooms.len() == asked.limit {
                    return Ok(page);
                }
                page.rooms.push(listed);
                page.next = Some(place);
            }
            match found.places.last() {
                Some(last) if !found.ended => page.next = Some(last.clone()),
                _ => {
                    page.next = None;
                    return Ok(page);
                }
            }
        }
        Ok(page)
    }

    /// Rooms of any kind behind a place.
    async fn rooms_from(&self, after: Option<&DirectoryPlace>) -> Result<Found, StoreError> {
        let first = after.map_or(0, |after| after.partition.number());
        let partitions = Partition::all().filter(|partition| partition.number() >= first);
        let grouping = self.link.current()?.grouping();
        let mut places = Vec::new();
        for group in grouping.split(partitions, |partition| *partition) {
            let left = ROOMS_AT_ONCE - places.len();
            if left == 0 {
                break;
            }
            let after = after.filter(|after| group.iter().any(|(_, it)| *it == after.partition));
            let args = vec![
                number(after.map_or(0, |after| after.made)),
                text(after.map_or("", |after| after.room.as_str())),
                number(left as u64),
            ];
            let keys = group.iter().map(|(_, partition)| keys::rooms(*partition));
            let keys = keys.map(Key::from).collect();
            let mut answer = self.ask(WHAT, Script::RoomsFrom, keys, args).await?;
            for (_, partition) in group {
                if answer.is_empty() {
                    break;
                }
                for _ in 0..answer.number()? {
                    let room = RoomId::new(answer.text()?);
                    let made = answer.number()?;
                    places.extend(room.ok().map(|room| DirectoryPlace {
                        partition,
                        made,
                        room,
                    }));
                }
            }
        }
        Ok(Found {
            ended: places.len() < ROOMS_AT_ONCE,
            places,
        })
    }

    /// Those of them that are listed, at most one more than are asked for.
    async fn listed(
        &self,
        asked: &DirectoryAsked,
        places: &[DirectoryPlace],
    ) -> Result<Vec<(DirectoryPlace, ListedRoom)>, StoreError> {
        let rooms: Vec<RoomId> = places.iter().map(|place| place.room.clone()).collect();
        let states = heads::read(&self.link, &rooms).await?;
        let mut wanted = Vec::new();
        for (place, state) in places.iter().zip(states) {
            let public = state.filter(|state| state.kind == RoomKind::Public);
            let found = public.filter(|state| asked.wants(&place.room, &state.name));
            wanted.extend(found.map(|state| (place.clone(), state.name)));
        }
        let mut all = Vec::new();
        // Some may be left out in the end: so long as too few are found, more are asked for.
        for wanted in wanted.chunks(DESCRIBED_AT_ONCE.max(asked.limit + 1)) {
            all.extend(self.described(&asked.reader, wanted).await?);
            if all.len() > asked.limit {
                break;
            }
        }
        Ok(all)
    }

    async fn described(
        &self,
        reader: &UserId,
        rooms: &[(DirectoryPlace, String)],
    ) -> Result<Vec<(DirectoryPlace, ListedRoom)>, StoreError> {
        let grouping = self.link.current()?.grouping();
        let mut answers = Vec::with_capacity(rooms.len());
        for group in grouping.split(rooms, |(place, _)| place.partition) {
            let keys = group.iter().flat_map(|(_, (place, _))| {
                let room = &place.room;
                let keys = [keys::head(room), keys::members(room), keys::rules(room)];
                keys.into_iter().chain([keys::online(room)]).map(Key::from)
            });
            let args = vec![text(reader.as_str())];
            let keys = keys.collect();
            let mut answer = self.ask(WHAT, Script::Listed, keys, args).await?;
            for (at, (place, name)) in group {
                let (figures, description) = (answer.text()?, answer.text()?);
                let listed = read(place, name, &figures, description)?;
                answers.push((at, listed.map(|listed| (place.clone(), listed))));
            }
        }
        let rows = in_order(rooms.len(), answers).ok_or_else(|| failure::nonsense(WHAT))?;
        Ok(rows.into_iter().flatten().collect())
    }
}

/// A room as `listed.lua` says it; `None` where it is not to be listed.
fn read(
    place: &DirectoryPlace,
    name: &str,
    figures: &str,
    description: String,
) -> Result<Option<ListedRoom>, StoreError> {
    if figures == "-" {
        return Ok(None);
    }
    let mut figures = figures.split(' ').map(str::parse);
    let mut figure = || match figures.next() {
        Some(Ok(figure)) => Ok(figure),
        _ => Err(failure::nonsense(WHAT)),
    };
    Ok(Some(ListedRoom {
        room: place.room.clone(),
        name: name.to_owned(),
        description: Some(description).filter(|words| !words.is_empty()),
        last_event_ms: figure()?,
        members: figure()?,
        online: figure()?,
    }))
}
