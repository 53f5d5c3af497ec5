//! The one interface to both engines.
//!
//! Every call says what it does and which errors it can give; the engines
//! behind it must agree on both, to which the conformance suite holds them.

use futures_util::future::Either;
use rookery_protocol::{Cursor, RoomId, UserId, client_frame::HistoryPage};

use crate::{
    Append, Appended, Bus, CheckLine, EngineSettings, Feed, FeedCursor, History, Join, Joined,
    Partition, Pong, Range, Settings, StoreError, embedded::Embedded, redis::Redis,
};

/// The log, the rooms, the users and the presence. Cheap to clone.
#[derive(Debug, Clone)]
pub enum Store {
    /// In the memory of this process.
    Embedded(Embedded),
    /// In Redis, shared with other nodes.
    Redis(Redis),
}

/// What operators may want to know of a store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// How many calls carried appends.
    pub append_calls: u64,
    /// How many appends were in them.
    pub appends: u64,
}

impl Store {
    /// Makes the store ready. Must be called in a tokio runtime, which runs
    /// its background work for as long as the store is in use.
    ///
    /// # Errors
    ///
    /// Where the settings make no sense or Redis is not one that serves.
    pub async fn connect(settings: Settings) -> Result<(Self, Bus), StoreError> {
        match settings.engine {
            EngineSettings::Embedded(data) => {
                let (engine, bus) = Embedded::start(
                    data.as_ref(),
                    settings.server_id,
                    settings.retention,
                    settings.user_limits,
                    settings.accounts,
                    settings.echo,
                    &settings.supervisor,
                )?;
                Ok((Self::Embedded(engine), bus))
            }
            EngineSettings::Redis(redis) => {
                let (engine, bus) = Redis::start(
                    &redis,
                    settings.server_id,
                    settings.retention,
                    settings.user_limits,
                    settings.accounts,
                    settings.presence,
                    &settings.supervisor,
                )
                .await?;
                Ok((Self::Redis(engine), bus))
            }
        }
    }

    /// Numbers, stores and publishes an event in one step.
    ///
    /// It takes its place in the order of appends when this is called, not
    /// when the future is polled, and is carried out even if the future is dropped.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoSuchRoom`] where the room is not there and
    /// [`Append::known`] is not given; [`StoreError::NoSuchMessage`] where what it
    /// overwrites is not; [`StoreError::Unavailable`], after which
    /// the same append with the same nonce may be made again.
    pub fn append(
        &self,
        append: Append,
    ) -> impl Future<Output = Result<Appended, StoreError>> + Send + 'static + use<> {
        let appending = self.append_later(append);
        self.send_appends();
        appending
    }

    /// As [`Self::append`], but it leaves only with the next append or when
    /// [`Self::send_appends`] is called, which has to be soon: for many that
    /// are made in a row, to travel together.
    pub fn append_later(
        &self,
        append: Append,
    ) -> impl Future<Output = Result<Appended, StoreError>> + Send + 'static + use<> {
        match self {
            Self::Embedded(engine) => Either::Left(engine.append(append)),
            Self::Redis(engine) => Either::Right(engine.append(append)),
        }
    }

    /// Sends what [`Self::append_later`] was called with. Costs nothing where
    /// there is nothing to send.
    pub fn send_appends(&self) {
        match self {
            Self::Embedded(_) => {}
            Self::Redis(engine) => engine.send_appends(),
        }
    }

    /// What a user who comes into a room needs to know, all of one moment.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoSuchRoom`] where the room is not there, may not be
    /// created and [`Join::known`] is not given; [`StoreError::TooManyRooms`] and
    /// [`StoreError::TooManyRoomsMade`] where it would have to be made and this
    /// user may not; [`StoreError::Unavailable`] also where memory is full and
    /// nothing can be made.
    pub async fn join(&self, join: Join) -> Result<Joined, StoreError> {
        match self {
            Self::Embedded(engine) => engine.join(&join).await,
            Self::Redis(engine) => engine.join(&join).await,
        }
    }

    /// At most `limit` events of any kind after a place.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoSuchRoom`] where the room is not there.
    pub async fn events_after(
        &self,
        room: &RoomId,
        after: &Cursor,
        limit: usize,
    ) -> Result<Range, StoreError> {
        match self {
            Self::Embedded(engine) => engine.events_after(room, after, limit).await,
            Self::Redis(engine) => engine.events_after(room, after, limit).await,
        }
    }

    /// At most `limit` messages of a part of a room's past. `around` gives the
    /// message itself with those after it for one half and those before it
    /// for the other. Without a reader nobody is held to what they may see.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoSuchRoom`] where the room is not there, [`StoreError::Denied`] where
    /// it is not for the reader.
    pub async fn history(
        &self,
        room: &RoomId,
        reader: Option<&UserId>,
        page: HistoryPage,
        limit: u32,
    ) -> Result<History, StoreError> {
        match self {
            Self::Embedded(engine) => engine.history(room, reader, page, limit).await,
            Self::Redis(engine) => engine.history(room, reader, page, limit).await,
        }
    }

    /// How many visible messages of a room have a number above `after` and up to `up_to`.
    /// What is trimmed or expired is not counted.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoSuchRoom`] where the room is not there.
    pub async fn count_messages(
        &self,
        room: &RoomId,
        after: u64,
        up_to: u64,
    ) -> Result<u64, StoreError> {
        match self {
            Self::Embedded(engine) => engine.count_messages(room, after, up_to).await,
            Self::Redis(engine) => engine.count_messages(room, after, up_to).await,
        }
    }

    /// What happened in the rooms of a partition after a place, in about `limit` steps at
    /// most; each number of each room at least once. Who asks for the place that was
    /// given last, again and again, misses nothing however late they come.
    ///
    /// # Errors
    ///
    /// Only where the store cannot be reached.
    pub async fn feed(
        &self,
        partition: Partition,
        after: &FeedCursor,
        limit: usize,
    ) -> Result<Feed, StoreError> {
        match self {
            Self::Embedded(engine) => engine.feed(partition, after, limit),
            Self::Redis(engine) => engine.feed(partition, after, limit).await,
        }
    }

    /// The ends of many logs, in the order asked; `None` where there is no such room.
    ///
    /// # Errors
    ///
    /// Only where the store cannot be reached.
    pub async fn heads(&self, rooms: &[RoomId]) -> Result<Vec<Option<Cursor>>, StoreError> {
        match self {
            Self::Embedded(engine) => engine.heads(rooms).await,
            Self::Redis(engine) => engine.heads(rooms).await,
        }
    }

    /// Holds what this node knows of rooms against their logs, and gives their
    /// ends after that; `None` where a room cannot be read. A log that ends before
    /// what is known was rolled back, and goes on in a new epoch after it; one that
    /// is gone is made anew. Nodes that know different things agree: the first
    /// one's new epoch is everybody's.
    ///
    /// # Errors
    ///
    /// Where the store cannot be reached, or does not write.
    pub async fn confirm(
        &self,
        known: &[(RoomId, Cursor)],
    ) -> Result<Vec<Option<Cursor>>, StoreError> {
        match self {
            Self::Embedded(engine) => engine.confirm(known).await,
            Self::Redis(engine) => engine.confirm(known).await,
        }
    }

    /// Ends it: what waits to be written is, and a data folder is let go of. Whatever is
    /// asked of it later is refused. Without a data folder nothing happens.
    pub async fn close(&self) {
        match self {
            Self::Embedded(engine) => engine.close().await,
            Self::Redis(_) => {}
        }
    }

    /// Publishes ephemeral envelopes, as written by
    /// [`Envelope::write_line`](rookery_protocol::Envelope::write_line).
    ///
    /// # Errors
    ///
    /// [`StoreError::Broken`] for what is not UTF-8.
    pub async fn publish(&self, payload: Vec<u8>) -> Result<(), StoreError> {
        let payload = String::from_utf8(payload).map_err(|_| {
            StoreError::Broken("a payload of the shared channel must be UTF-8".to_owned())
        })?;
        match self {
            Self::Embedded(engine) => {
                engine.publish(payload);
                Ok(())
            }
            Self::Redis(engine) => engine.publish(payload).await,
        }
    }

    /// Asks the store for a sign of life.
    ///
    /// # Errors
    ///
    /// Where the store cannot be reached.
    pub async fn ping(&self) -> Result<Pong, StoreError> {
        match self {
            Self::Embedded(_) => Ok(Embedded::ping()),
            Self::Redis(engine) => engine.ping().await,
        }
    }

    /// Writes a little that nobody reads, to see whether the store writes.
    ///
    /// # Errors
    ///
    /// [`StoreError::ReadOnly`] where it refuses for now, and why; what else may
    /// be in the way of any call.
    pub async fn try_write(&self) -> Result<(), StoreError> {
        match self {
            Self::Embedded(engine) => engine.try_write(),
            Self::Redis(engine) => engine.try_write().await,
        }
    }

    /// What is to be said of the store at the start of a node: lines that are not
    /// [`CheckStatus::Ok`](crate::CheckStatus::Ok) are for operators.
    ///
    /// # Errors
    ///
    /// Only where the store cannot be reached.
    pub async fn look_over(&self) -> Result<Vec<CheckLine>, StoreError> {
        match self {
            Self::Embedded(_) => Ok(Vec::new()),
            Self::Redis(engine) => engine.look_over().await,
        }
    }

    /// Whether a call made now has a chance; no question is asked.
    pub fn is_available(&self) -> bool {
        match self {
            Self::Embedded(_) => true,
            Self::Redis(engine) => engine.is_available(),
        }
    }

    /// Drops the subscription and makes it anew, because it was found dead.
    /// The bus then says [`BusEvent::Reconnected`](crate::BusEvent::Reconnected).
    pub fn reconnect_bus(&self) {
        match self {
            Self::Embedded(engine) => engine.reconnect_bus(),
            Self::Redis(engine) => engine.reconnect_bus(),
        }
    }

    /// What operators may want to know.
    pub fn stats(&self) -> Stats {
        match self {
            Self::Embedded(engine) => engine.stats(),
            Self::Redis(engine) => engine.stats(),
        }
    }
}
