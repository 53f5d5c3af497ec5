//! Where stores are made for a case, and what every case needs to say.

use std::{
    ops::Deref,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rookery_protocol::{
    Cursor, Event, EventBody, EventKind, Nonce, RoomId, ServerId, User, UserId,
    client_frame::HistoryPage, envelope, event::MessageFields,
};
use rookery_store::{
    Append, Appended, Bus, BusEvent, DataSettings, DataSync, EngineSettings, History, Join, Joined,
    Lifetime, PresenceChange, Retention, Settings, Store, StoreError,
};
use rookery_testing::RedisServer;
use tempfile::TempDir;

/// How long anything may take that is awaited.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// Where the stores of a case live.
pub(crate) enum Place {
    Embedded,
    /// The embedded engine with a folder.
    OnDisk {
        data: DataSettings,
        _folder: TempDir,
    },
    Redis(RedisServer),
}

impl Place {
    pub(crate) fn embedded() -> Self {
        Self::Embedded
    }

    /// In a folder that is written every second.
    pub(crate) fn on_disk() -> Self {
        Self::in_folder(|_| ())
    }

    /// In a folder where everything is written before it is answered.
    pub(crate) fn on_disk_always() -> Self {
        Self::in_folder(|data| data.sync = DataSync::Always)
    }

    /// In a folder from which everything is read anew for each step; after every so many
    /// it is closed and opened again.
    pub(crate) fn opened_again() -> Self {
        Self::in_folder(|data| data.forgetful = true)
    }

    fn in_folder(change: impl FnOnce(&mut DataSettings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut data = DataSettings::new(folder.path().join("data"));
        change(&mut data);
        Self::OnDisk {
            data,
            _folder: folder,
        }
    }

    pub(crate) fn redis() -> Self {
        Self::Redis(RedisServer::start().unwrap())
    }

    /// A Redis in cluster mode: a step that touches two partitions fails there.
    pub(crate) fn redis_in_cluster_mode() -> Self {
        Self::Redis(RedisServer::start_in_cluster_mode().unwrap())
    }

    /// Whether nothing is known from one step to the next but what is kept.
    pub(crate) fn is_forgetful(&self) -> bool {
        matches!(self, Self::OnDisk { data, .. } if data.forgetful)
    }

    /// The server, in a case that runs on Redis only.
    pub(crate) fn server(&mut self) -> &mut RedisServer {
        match self {
            Self::Redis(server) => server,
            _ => panic!("this case is for Redis only"),
        }
    }

    /// The settings of a node: nothing is trimmed, and nothing expires.
    pub(crate) fn settings(&self, server_id: &str) -> Settings {
        let server_id = ServerId::new(server_id).unwrap();
        let mut settings = match self {
            Self::Embedded => Settings::embedded(server_id),
            // The embedded engine is for one node, and so is a folder.
            Self::OnDisk { data, .. } => {
                let folder = data.folder.join(server_id.as_str());
                let data = DataSettings {
                    folder,
                    ..data.clone()
                };
                Settings::on_disk(server_id, data)
            }
            Self::Redis(server) => Settings::redis(server_id, server.url()),
        };
        settings.retention = kept_for_good();
        settings
    }

    /// The node that most cases need, with a lease.
    pub(crate) async fn node(&self) -> Node {
        Node::leased(self.settings("n_1")).await
    }

    /// A node that keeps less.
    pub(crate) async fn node_with(&self, retention: Retention) -> Node {
        let mut settings = self.settings("n_1");
        settings.retention = retention;
        Node::leased(settings).await
    }

    /// How often a property is tried: a real server takes its time.
    pub(crate) fn property_cases(&self) -> u32 {
        match self {
            Self::Embedded => 256,
            Self::OnDisk { .. } => 32,
            Self::Redis(_) => 48,
        }
    }

    /// How many messages are sent at once; where each is preceded by reading the whole room
    /// these are fewer.
    pub(crate) fn burst(&self) -> u64 {
        match self {
            Self::OnDisk { data, .. } if data.forgetful => 500,
            _ => 10_000,
        }
    }

    /// Settings that differ from these in the engine's command timeout only.
    pub(crate) fn impatient(&self, mut settings: Settings) -> Settings {
        if let EngineSettings::Redis(redis) = &mut settings.engine {
            redis.connect_timeout_ms = 1_000;
            redis.command_timeout_ms = 1_000;
        }
        settings
    }
}

/// A store and its bus, as a node has them.
pub(crate) struct Node {
    pub(crate) store: Store,
    pub(crate) bus: Bus,
}

impl Deref for Node {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

/// A line of the bus, apart from its payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) server_id: String,
    pub(crate) kind: String,
    pub(crate) room: Option<String>,
    pub(crate) epoch: Option<String>,
    pub(crate) seq: Option<u64>,
    pub(crate) expires_at: Option<u64>,
    pub(crate) data: String,
}

impl Node {
    pub(crate) async fn connect(settings: Settings) -> Self {
        let (store, bus) = within(Store::connect(settings)).await.unwrap();
        Self { store, bus }
    }

    /// One that the store knows to live.
    pub(crate) async fn leased(settings: Settings) -> Self {
        let node = Self::connect(settings).await;
        within(node.renew_lease()).await.unwrap();
        node
    }

    /// Makes the room if it is not there and gives its end.
    pub(crate) async fn open(&self, id: &str) -> Cursor {
        self.join_with(id, |_| ()).await.unwrap().head
    }

    /// Joins a room with everything at its most generous but what is changed.
    pub(crate) async fn join_with(
        &self,
        id: &str,
        change: impl FnOnce(&mut Join),
    ) -> Result<Joined, StoreError> {
        let mut join = Join {
            room: room(id),
            user: user_id("u_1"),
            since: None,
            limit: 200,
            catch_up: 0,
            create: true,
            known: None,
        };
        change(&mut join);
        within(self.store.join(join)).await
    }

    /// Writes a message.
    pub(crate) async fn send(&self, id: &str, text: &str) -> Appended {
        within(self.store.append(message(id, text))).await.unwrap()
    }

    /// Writes messages and gives their events.
    pub(crate) async fn send_many(
        &self,
        id: &str,
        texts: impl IntoIterator<Item = String>,
    ) -> Vec<Event> {
        let mut waiting = Vec::new();
        for text in texts {
            waiting.push(self.store.append(message(id, &text)));
        }
        let mut events = Vec::new();
        for answer in waiting {
            events.extend(within(answer).await.unwrap().event);
        }
        events
    }

    /// A page of messages of a room that is there.
    pub(crate) async fn page(&self, id: &str, page: HistoryPage, limit: u32) -> History {
        within(self.store.history(&room(id), None, page, limit))
            .await
            .unwrap()
    }

    /// The latest messages, at most 200.
    pub(crate) async fn latest(&self, id: &str) -> Vec<Event> {
        self.page(id, HistoryPage::Before(u64::MAX), 200)
            .await
            .messages
    }

    /// Every event after the number, in the present epoch.
    pub(crate) async fn events_after_seq(&self, id: &str, seq: u64) -> Vec<Event> {
        let room = room(id);
        let head = self.store.heads(std::slice::from_ref(&room)).await.unwrap();
        let after = Cursor {
            epoch: head[0].clone().unwrap().epoch,
            seq,
        };
        let range = self.store.events_after(&room, &after, usize::MAX);
        within(range).await.unwrap().events
    }

    /// Enters one change of presence.
    pub(crate) async fn presence(&self, id: &str, user: &User, online: bool) {
        let change = PresenceChange {
            room: room(id),
            user: user.clone(),
            online,
        };
        within(self.store.change_presence(&[change])).await.unwrap();
    }

    /// The next event of the bus.
    pub(crate) async fn next(&mut self) -> Option<BusEvent> {
        within(self.bus.next()).await
    }

    /// At least so many lines of the bus; anything else that it says is a fault.
    pub(crate) async fn lines(&mut self, count: usize) -> Vec<Line> {
        let mut lines = Vec::new();
        while lines.len() < count {
            match self.next().await {
                Some(BusEvent::Payload(payload)) => lines.extend(read_lines(&payload)),
                other => panic!("{other:?} after {lines:?}"),
            }
        }
        lines
    }

    /// All lines up to a mark that is published now: whatever was published before it has come.
    pub(crate) async fn lines_so_far(&mut self) -> Vec<Line> {
        const MARK: &[u8] = b"{\"server_id\":\"n_1\",\"type\":\"probe\",\"data\":\"mark\"}\n";
        within(self.store.publish(MARK.to_vec())).await.unwrap();
        let mut lines = Vec::new();
        loop {
            for line in self.lines(1).await {
                if line.data == "\"mark\"" {
                    return lines;
                }
                lines.push(line);
            }
        }
    }
}

pub(crate) fn read_lines(payload: &str) -> Vec<Line> {
    envelope::lines(payload)
        .map(|line| {
            let line = line.unwrap();
            Line {
                server_id: line.server_id.into_owned(),
                kind: line.kind.into_owned(),
                room: line.room.map(Into::into),
                epoch: line.epoch.map(Into::into),
                seq: line.seq,
                expires_at: line.expires_at,
                data: line.data.get().to_owned(),
            }
        })
        .collect()
}

/// Awaits something for as long as anything may take.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(DEADLINE, future).await {
        Ok(value) => value,
        Err(_) => panic!("nothing came within {DEADLINE:?}"),
    }
}

/// Asks again and again until the answer is there.
pub(crate) async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    match tokio::time::timeout(DEADLINE, asking).await {
        Ok(answer) => answer,
        Err(_) => panic!("not within {DEADLINE:?}: {what}"),
    }
}

/// Milliseconds since the Unix epoch; Redis runs on the same clock.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_millis().try_into().unwrap()
}

pub(crate) fn room(id: &str) -> RoomId {
    RoomId::new(id).unwrap()
}

pub(crate) fn user_id(id: &str) -> UserId {
    UserId::new(id).unwrap()
}

pub(crate) fn user(id: &str, name: &str) -> User {
    User {
        id: user_id(id),
        name: name.into(),
    }
}

/// A message of u_1 without a nonce.
pub(crate) fn message(id: &str, text: &str) -> Append {
    let from = user("u_1", "Alex \"A\" Ünal");
    let fields = MessageFields {
        from: &from,
        text,
        nonce: None,
        reply_to: None,
        meta: None,
    };
    Append {
        overwrite: None,
        room: room(id),
        user: from.id.clone(),
        nonce: None,
        body: EventBody::message(&fields),
        known: None,
    }
}

/// The same with a nonce.
pub(crate) fn message_with_nonce(id: &str, text: &str, nonce: &str) -> Append {
    Append {
        nonce: Some(Nonce::new(nonce).unwrap()),
        ..message(id, text)
    }
}

/// An event of another kind than a message.
pub(crate) fn other_event(id: &str, kind: EventKind) -> Append {
    Append {
        body: EventBody {
            kind,
            fields: format!("\"target\":1,\"by\":\"{}\"", kind.as_str()).into(),
        },
        ..message(id, "")
    }
}

pub(crate) fn kept_for_good() -> Retention {
    Retention {
        max_messages: 0,
        lifetimes: Vec::new(),
        keep_empty_ms: 0,
    }
}

/// At most so many events.
pub(crate) fn at_most(max_messages: u64) -> Retention {
    Retention {
        max_messages,
        ..kept_for_good()
    }
}

/// Rooms of `event:` whose messages live for so many milliseconds.
pub(crate) fn short_lived(ttl_ms: u64) -> Retention {
    let prefix = "event:".to_owned();
    Retention {
        lifetimes: vec![Lifetime { prefix, ttl_ms }],
        ..kept_for_good()
    }
}

/// Rooms without events go so many milliseconds after the last who was there.
pub(crate) fn swept_clean(keep_empty_ms: u64) -> Retention {
    Retention {
        keep_empty_ms,
        ..kept_for_good()
    }
}

pub(crate) fn numbers(events: &[Event]) -> Vec<u64> {
    events.iter().map(|event| event.seq).collect()
}
