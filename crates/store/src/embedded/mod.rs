//! The engine in the memory of one process.
//!
//! The same rules as Redis, for one node, and gone when the process ends, unless a folder
//! is named that keeps everything (`disk`). Each call is one step under the lock of its
//! room, and waits for nothing but a room that has to be read, and, where that is wanted,
//! for what it says to be on the disk.
//! A guard of a map must never live across an await or a second call into the
//! same map.

mod clock;
mod deleted;
mod directory;
mod disk;
mod documents;
mod entering;
mod envelope;
mod feed;
mod hidden;
mod invites;
mod kept_people;
mod kept_room;
mod kept_rooms;
mod listing;
mod log;
mod made;
mod members;
mod memberships;
mod messages;
mod nonces;
mod overwriting;
mod people;
mod persons;
mod pins;
mod presence;
mod reactions;
mod room;
mod room_change;
mod room_end;
mod room_reading;
mod rooms;
mod sweep;

use std::{
    cell::Cell,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use dashmap::DashMap;
use parking_lot::ReentrantMutex;
use rookery_protocol::{RoomId, ServerId, UserId};

use self::{
    clock::Now,
    deleted::Deleted,
    directory::InOrder,
    disk::{BatchNumber, Disk},
    documents::KeptDocuments,
    feed::Feeds,
    invites::Codes,
    made::Made,
    memberships::Memberships,
    persons::Persons,
    presence::Presence,
    room::StoredRoom,
    sweep::Agenda,
};
use crate::{
    AccountTimes, Bus, BusEvent, DataSettings, Online, Pong, PresenceChange, Retention, Stats,
    StoreError, Supervisor, UserLimits, bus::BusFeed, seen_online::ROOMS_LOOKED_AT,
};

pub(crate) use disk::check;
pub use disk::{Backup, backup};

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
    /// Each behind a pointer, since half of the map's places are empty.
    rooms: DashMap<RoomId, Box<StoredRoom>>,
    in_order: InOrder,
    memberships: Memberships,
    user_limits: UserLimits,
    made: Made,
    deleted: Deleted,
    codes: Codes,
    persons: Persons,
    documents: KeptDocuments,
    presence: Presence,
    agenda: Agenda,
    feeds: Feeds,
    feed: BusFeed,
    appends: AtomicU64,
    /// Where everything is kept beside memory, if it is.
    disk: Option<Arc<Disk>>,
    /// Under which nonces are digested.
    nonce_key: u128,
    /// How deep in steps the thread is that takes one; for tests.
    steps: ReentrantMutex<Cell<u32>>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(disk) = &self.disk {
            disk.close();
        }
    }
}

impl Embedded {
    /// An engine with what is in the folder, if one is named. Must be called in a tokio
    /// runtime.
    ///
    /// # Errors
    ///
    /// [`StoreError::Broken`] where the folder cannot be used.
    pub(crate) fn start(
        data: Option<&DataSettings>,
        server_id: ServerId,
        retention: Retention,
        user_limits: UserLimits,
        account_times: AccountTimes,
        echo: bool,
        supervisor: &Supervisor,
    ) -> Result<(Self, Bus), StoreError> {
        let (feed, bus) = BusFeed::new();
        let disk = data.map(|data| Disk::open(data, supervisor)).transpose()?;
        let nonce_key = disk.as_ref().map(|disk| disk.nonce_key());
        let shared = Arc::new(Shared {
            server_id,
            retention,
            echo,
            rooms: DashMap::new(),
            in_order: InOrder::default(),
            memberships: Memberships::new(disk.clone()),
            user_limits,
            made: Made::new(disk.clone()),
            deleted: Deleted::default(),
            codes: Codes::new(disk.clone()),
            persons: Persons::new(disk.clone()),
            documents: KeptDocuments::new(disk.clone(), account_times),
            presence: Presence::default(),
            agenda: Agenda::default(),
            feeds: match disk {
                Some(_) => Feeds::going_on(clock::now_ms()),
                None => Feeds::default(),
            },
            feed,
            appends: AtomicU64::new(0),
            disk,
            nonce_key: nonce_key.unwrap_or_else(rand::random),
            steps: ReentrantMutex::default(),
        });
        sweep::spawn(&shared, supervisor);
        Ok((Self { shared }, bus))
    }

    /// Has everything written, and lets go of the folder, if there is one.
    pub(crate) async fn close(&self) {
        if let Some(disk) = self.shared.disk.clone() {
            // Waited for in a thread that may wait; that it panics shows in the log.
            let _ = tokio::task::spawn_blocking(move || disk.close()).await;
        }
    }

    /// Waits until a batch is written, where what is answered has to be.
    async fn kept(&self, batch: BatchNumber) -> Result<(), StoreError> {
        match &self.shared.disk {
            Some(disk) if disk.answers_wait() => disk.until_written(batch).await,
            _ => Ok(()),
        }
    }

    /// See [`crate::Store::try_write`].
    pub(crate) fn try_write(&self) -> Result<(), StoreError> {
        self.shared.trouble()
    }

    pub(crate) fn ping() -> Pong {
        Pong {
            round_trip: Duration::ZERO,
            time_ms: clock::now_ms(),
        }
    }

    pub(crate) fn change_presence(&self, changes: &[PresenceChange]) {
        for change in changes {
            let _step = self.shared.step();
            self.shared.presence.change(change, &self.shared.feed);
            self.shared.note_presence(&change.room);
        }
    }

    pub(crate) fn online(&self, room: &RoomId) -> Online {
        self.shared.presence.online(room)
    }

    /// See [`crate::Store::are_online`].
    pub(crate) fn are_online(&self, users: &[UserId]) -> Result<Vec<bool>, StoreError> {
        let _step = self.shared.step();
        let is_online = |user: &UserId| {
            let (rooms, _) = self.shared.memberships.of(user)?;
            let mut rooms = rooms.iter().take(ROOMS_LOOKED_AT);
            Ok(rooms.any(|(room, _)| self.shared.presence.is_online(room, user)))
        };
        users.iter().map(is_online).collect()
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
    /// The room notes whether somebody is there.
    fn note_presence(&self, id: &RoomId) {
        if let Ok(mut room) = self.existing(id) {
            // Looked at while the room is held, so that the last to look has the last word.
            let now = Now::read();
            room.note_presence(!self.presence.is_empty(id), now.wall);
            self.agenda.enter(id, &mut room, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use rookery_protocol::{EventBody, EventKind, Nonce, UserId};

    use super::*;
    use crate::{Append, Join, Lifetime};

    fn room(id: &str) -> RoomId {
        RoomId::new(id).unwrap()
    }

    fn start(retention: Retention) -> (Embedded, Bus) {
        let server_id = ServerId::new("n").unwrap();
        Embedded::start(
            None,
            server_id,
            retention,
            UserLimits::default(),
            AccountTimes::default(),
            true,
            &Supervisor::default(),
        )
        .unwrap()
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
            engine.join_now(&join).unwrap();
            engine
                .remember_member(&join.user, &join.room, 0)
                .await
                .unwrap();
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
            engine.append_now(append).unwrap();
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

        let rows = engine.rooms_of_now(&UserId::new("u").unwrap()).unwrap().0;
        assert_eq!(rows.len(), 1, "a room that is gone is forgotten");
        assert_eq!(
            engine
                .shared
                .memberships
                .of(&UserId::new("u").unwrap())
                .unwrap()
                .0
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
