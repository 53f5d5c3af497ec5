//! The engine in the memory of one process.
//!
//! The same rules as Redis, for one node, and gone when the process ends. No
//! call waits for anything: each is one step under the lock of its room.
//! A guard of a map must never live across an await or a second call into the
//! same map.

mod clock;
mod envelope;
mod feed;
mod hidden;
mod made;
mod memberships;
mod nonces;
mod presence;
mod room;
mod sweep;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use dashmap::{DashMap, Entry, mapref::one::RefMut};
use rookery_protocol::{
    Cursor, RoomId, ServerId, UserId, client_frame::HistoryPage, server_frame::RoomRow,
};

use self::{
    clock::Now, feed::Feeds, made::Made, memberships::Memberships, presence::Presence,
    room::StoredRoom, sweep::Agenda,
};
use crate::{
    Append, Appended, Bus, BusEvent, Feed, FeedCursor, Grown, History, Join, Joined, Online,
    Partition, Pong, PresenceChange, Range, Retention, RoomFigures, Stats, StoreError, Supervisor,
    UserLimits, bus::BusFeed,
};

/// The engine in the memory of this process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Embedded {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    server_id: ServerId,
    retention: Retention,
    /// Whether appends go to the bus, where only this node would hear of them.
    echo: bool,
    rooms: DashMap<RoomId, StoredRoom>,
    memberships: Memberships,
    user_limits: UserLimits,
    made: Made,
    presence: Presence,
    agenda: Agenda,
    feeds: Feeds,
    feed: BusFeed,
    appends: AtomicU64,
}

impl Embedded {
    /// An empty engine. Must be called in a tokio runtime.
    pub(crate) fn start(
        server_id: ServerId,
        retention: Retention,
        user_limits: UserLimits,
        echo: bool,
        supervisor: &Supervisor,
    ) -> (Self, Bus) {
        let (feed, bus) = BusFeed::new();
        let shared = Arc::new(Shared {
            server_id,
            retention,
            echo,
            rooms: DashMap::new(),
            memberships: Memberships::default(),
            user_limits,
            made: Made::default(),
            presence: Presence::default(),
            agenda: Agenda::default(),
            feeds: Feeds::default(),
            feed,
            appends: AtomicU64::new(0),
        });
        sweep::spawn(&shared, supervisor);
        (Self { shared }, bus)
    }

    pub(crate) fn append(&self, append: Append) -> Result<Appended, StoreError> {
        let shared = &*self.shared;
        if std::str::from_utf8(&append.body.fields).is_err() {
            return Err(StoreError::Broken("an event must be UTF-8".to_owned()));
        }
        let mut room = shared.enter(&append.room, append.known.as_ref(), None)?;
        let now = Now::read();
        let appended = room.append(&append, &shared.retention, now)?;
        if appended.event.is_some() {
            shared.feeds.grew(&append.room, appended.seq, now.wall);
        }
        shared.agenda.enter(&append.room, &mut room, now);
        shared.appends.fetch_add(1, Ordering::Relaxed);
        if shared.echo {
            // While the room is held, so that the bus has the order of the log.
            shared.publish(&append, &appended);
        }
        Ok(appended)
    }

    pub(crate) fn join(&self, join: &Join) -> Result<Joined, StoreError> {
        let shared = &*self.shared;
        let maker = join.create.then_some(&join.user);
        let mut room = shared.enter(&join.room, join.known.as_ref(), maker)?;
        let now = Now::read();
        let joined = room.join(join, now);
        shared.agenda.enter(&join.room, &mut room, now);
        Ok(joined)
    }

    pub(crate) fn ping() -> Pong {
        Pong {
            round_trip: Duration::ZERO,
            time_ms: clock::now_ms(),
        }
    }

    pub(crate) fn events_after(
        &self,
        room: &RoomId,
        after: &Cursor,
        limit: usize,
    ) -> Result<Range, StoreError> {
        let mut room = self.shared.existing(room)?;
        Ok(room.events_after(after, limit, Now::read()))
    }

    pub(crate) fn history(
        &self,
        room: &RoomId,
        page: HistoryPage,
        limit: u32,
    ) -> Result<History, StoreError> {
        let mut room = self.shared.existing(room)?;
        Ok(room.history(page, limit, Now::read()))
    }

    pub(crate) fn count_messages(
        &self,
        room: &RoomId,
        after: u64,
        up_to: u64,
    ) -> Result<u64, StoreError> {
        let mut room = self.shared.existing(room)?;
        Ok(room.count_messages(after, up_to, Now::read()))
    }

    pub(crate) fn feed(
        &self,
        partition: Partition,
        after: &FeedCursor,
        limit: usize,
    ) -> Result<Feed, StoreError> {
        let feed = self.shared.feeds.after(partition, after, limit);
        Ok(feed.unwrap_or_else(|next| Feed {
            grown: self.shared.grown_since(partition, after.0.0),
            next,
        }))
    }

    pub(crate) fn rooms_in(&self, partition: Partition, skip: usize, limit: usize) -> Vec<RoomId> {
        let mut rooms = self.shared.rooms_of(partition);
        rooms.sort_unstable();
        rooms.into_iter().skip(skip).take(limit).collect()
    }

    pub(crate) fn room_figures(&self, id: &RoomId) -> Option<RoomFigures> {
        let online = self.shared.presence.online(id).count;
        let mut room = self.shared.rooms.get_mut(id)?;
        Some(room.figures(online, Now::read()))
    }

    pub(crate) fn remove_room(&self, id: &RoomId) -> bool {
        self.shared.rooms.remove(id).is_some()
    }

    pub(crate) fn heads(&self, rooms: &[RoomId]) -> Vec<Option<Cursor>> {
        let head = |room| self.shared.rooms.get(room).map(|room| room.head());
        rooms.iter().map(head).collect()
    }

    pub(crate) fn retention(&self) -> &Retention {
        &self.shared.retention
    }

    pub(crate) fn confirm(&self, known: &[(RoomId, Cursor)]) -> Vec<Option<Cursor>> {
        let now = Now::read();
        let confirm = |(id, known): &(RoomId, Cursor)| {
            let mut room = self.shared.enter(id, Some(known), None).ok()?;
            room.visit(now);
            self.shared.agenda.enter(id, &mut room, now);
            Some(room.head())
        };
        known.iter().map(confirm).collect()
    }

    pub(crate) fn rooms_of(&self, user: &UserId) -> Vec<RoomRow> {
        let memberships = self.shared.memberships.of(user);
        let mut rows = Vec::with_capacity(memberships.len());
        for (id, read) in memberships {
            match self.shared.rooms.get(&id) {
                Some(room) => rows.push(room.row(read)),
                None => self.forget_member(user, &id),
            }
        }
        rows
    }

    pub(crate) fn remember_member(
        &self,
        user: &UserId,
        room: &RoomId,
        seq: u64,
    ) -> Result<(), StoreError> {
        let most = self.shared.user_limits.rooms;
        if self.shared.memberships.remember(user, room, seq, most) {
            Ok(())
        } else {
            Err(self.shared.too_many_rooms(user))
        }
    }

    pub(crate) fn forget_member(&self, user: &UserId, room: &RoomId) {
        self.shared.memberships.forget(user, room);
    }

    pub(crate) fn change_presence(&self, changes: &[PresenceChange]) {
        for change in changes {
            self.shared.presence.change(change, &self.shared.feed);
            self.shared.note_presence(&change.room);
        }
    }

    pub(crate) fn online(&self, room: &RoomId) -> Online {
        self.shared.presence.online(room)
    }

    pub(crate) fn give_up_lease(&self) {
        self.change_presence(&self.shared.presence.everybody_goes());
    }

    pub(crate) fn publish(&self, payload: String) {
        self.shared.feed.send(BusEvent::Payload(payload.into()));
    }

    /// There is nothing to be made anew, but whoever asked waits for the word.
    pub(crate) fn reconnect_bus(&self) {
        self.shared.feed.send(BusEvent::Reconnected);
    }

    pub(crate) fn stats(&self) -> Stats {
        let appends = self.shared.appends.load(Ordering::Relaxed);
        Stats {
            append_calls: appends,
            appends,
        }
    }
}

impl Shared {
    fn publish(&self, append: &Append, appended: &Appended) {
        let line = appended.event.as_ref().and_then(|event| {
            envelope::durable(
                &self.server_id,
                &append.room,
                &appended.epoch,
                append.body.kind,
                event,
            )
        });
        if let Some(line) = line {
            self.feed.send(BusEvent::Payload(line.into()));
        }
    }

    /// The room notes whether somebody is there.
    fn note_presence(&self, id: &RoomId) {
        if let Some(mut room) = self.rooms.get_mut(id) {
            // Looked at while the room is held, so that the last to look has the last word.
            let now = Now::read();
            room.note_presence(!self.presence.is_empty(id), now.wall);
            self.agenda.enter(id, &mut room, now);
        }
    }

    fn rooms_of(&self, partition: Partition) -> Vec<RoomId> {
        let rooms = self.rooms.iter().map(|room| room.key().clone());
        rooms
            .filter(|room| Partition::of_room(room) == partition)
            .collect()
    }

    /// The rooms of a partition in which something happened since a time, in milliseconds
    /// since the Unix epoch, each with everything that is still there.
    fn grown_since(&self, partition: Partition, since: u64) -> Vec<Grown> {
        let grown = |id: RoomId| {
            let room = self.rooms.get(&id)?;
            let recent = room.last_write() >= since;
            let (first, last) = (room.first().filter(|_| recent)?, room.head().seq);
            drop(room);
            Some(Grown {
                room: id,
                first,
                last,
            })
        };
        self.rooms_of(partition)
            .into_iter()
            .filter_map(grown)
            .collect()
    }

    fn too_many_rooms(&self, user: &UserId) -> StoreError {
        StoreError::TooManyRooms {
            user: user.clone(),
            most: self.user_limits.rooms,
        }
    }

    /// Whether a user may make a room; if so, it is counted.
    fn make(&self, id: &RoomId, maker: &UserId) -> Result<(), StoreError> {
        let UserLimits {
            rooms,
            rooms_made_per_hour: per_hour,
        } = self.user_limits;
        if !self.memberships.may_remember(maker, id, rooms) {
            return Err(self.too_many_rooms(maker));
        }
        let noted = self.made.note(maker, per_hour, clock::now_ms());
        noted.map_err(|retry_after_ms| StoreError::TooManyRoomsMade {
            user: maker.clone(),
            per_hour,
            retry_after_ms,
        })
    }

    /// The room as it is to be written to or joined: made where somebody may make
    /// it or it was known to be there, and with a new epoch where its log ends
    /// before what is known.
    fn enter(
        &self,
        id: &RoomId,
        known: Option<&Cursor>,
        maker: Option<&UserId>,
    ) -> Result<RefMut<'_, RoomId, StoredRoom>, StoreError> {
        match self.rooms.entry(id.clone()) {
            Entry::Occupied(mut room) => {
                if let Some(known) = known {
                    room.get_mut().heal_rollback(known);
                }
                Ok(room.into_ref())
            }
            Entry::Vacant(vacant) if maker.is_some() || known.is_some() => {
                if let (Some(maker), None) = (maker, known) {
                    self.make(id, maker)?;
                }
                let room = StoredRoom::new(id.clone(), known, &self.retention, clock::now_ms());
                Ok(vacant.insert(room))
            }
            Entry::Vacant(_) => Err(StoreError::NoSuchRoom(id.clone())),
        }
    }

    /// The room as it is to be read.
    fn existing(&self, id: &RoomId) -> Result<RefMut<'_, RoomId, StoredRoom>, StoreError> {
        let room = self.rooms.get_mut(id);
        room.ok_or_else(|| StoreError::NoSuchRoom(id.clone()))
    }
}

#[cfg(test)]
mod tests {
    use rookery_protocol::{EventBody, EventKind, Nonce};

    use super::*;
    use crate::{BusEvent, Lifetime};

    fn room(id: &str) -> RoomId {
        RoomId::new(id).unwrap()
    }

    fn start(retention: Retention) -> (Embedded, Bus) {
        let server_id = ServerId::new("n").unwrap();
        Embedded::start(
            server_id,
            retention,
            UserLimits::default(),
            true,
            &Supervisor::default(),
        )
    }

    #[tokio::test]
    async fn the_sweep_takes_away_what_nobody_touches() {
        let retention = Retention {
            max_messages: 0,
            lifetimes: vec![Lifetime {
                prefix: "event:".to_owned(),
                ttl_ms: 10,
            }],
            keep_empty_ms: 0,
        };
        let (engine, _bus) = start(retention);
        for id in ["event:a", "kept"] {
            let join = Join {
                room: room(id),
                user: UserId::new("u").unwrap(),
                since: None,
                limit: 1,
                catch_up: 0,
                create: true,
                known: None,
            };
            engine.join(&join).unwrap();
            engine.remember_member(&join.user, &join.room, 0).unwrap();
            let append = Append {
                overwrite: None,
                room: join.room,
                user: join.user,
                nonce: Some(Nonce::new("n").unwrap()),
                body: EventBody {
                    kind: EventKind::Message,
                    fields: "\"text\":\"x\"".into(),
                },
                known: None,
            };
            engine.append(append).unwrap();
        }
        let now = Now::read();
        let after = |ms| Now {
            wall: now.wall + ms,
            steady: now.steady + ms,
        };
        let minute = 60_000;
        engine.shared.sweep(after(minute));
        assert!(
            engine.shared.rooms.contains_key(&room("event:a")),
            "its hour is not over"
        );
        engine.shared.sweep(after(nonces::MEMORY_MS + minute));
        assert!(!engine.shared.rooms.contains_key(&room("event:a")));
        assert_eq!(
            engine
                .shared
                .rooms
                .get(&room("kept"))
                .unwrap()
                .next_due(now),
            None
        );

        let rows = engine.rooms_of(&UserId::new("u").unwrap());
        assert_eq!(rows.len(), 1, "a room that is gone is forgotten");
        assert_eq!(
            engine
                .shared
                .memberships
                .of(&UserId::new("u").unwrap())
                .len(),
            1
        );
    }

    #[tokio::test]
    async fn the_bus_ends_with_the_last_handle() {
        let (engine, mut bus) = start(Retention::default());
        engine.publish("x".to_owned());
        drop(engine);
        assert!(matches!(bus.next().await, Some(BusEvent::Payload(_))));
        assert!(bus.next().await.is_none());
    }
}
