//! What the threads of a node share.
//!
//! The hub keeps who is connected and which rooms are followed here, and
//! carries what happens into the rooms. It holds nothing that cannot be lost,
//! never holds a guard of a map across an await or a second call into the same
//! map, and never waits for a client.

mod answer_time;
mod bus;
mod carried_out;
mod cut_off;
mod descriptors;
mod gone_nodes;
mod heads;
mod heal;
mod lease;
mod lingering;
mod open_socket;
mod peers;
mod presence;
mod probe;
mod rooms;
mod roster;
mod send;
mod sessions;
mod snapshot;
mod spread;
mod store_clock;
mod store_memory;
mod suspicion;
mod untold;
mod writing;

use std::sync::{Arc, atomic::AtomicUsize};

use dashmap::DashMap;
use rookery_protocol::{RoomId, ServerId, client_frame::MAX_PAGE};
use rookery_store::{Store, Supervisor};
use tokio::runtime::Handle;

use carried_out::CarriedOut;
use descriptors::Descriptors;
use lingering::Lingering;
pub(crate) use lingering::UsedRoom;
pub(crate) use open_socket::OpenSocket;
use peers::Peers;
use presence::Presence;
pub(crate) use send::Stored;
use sessions::Sessions;
pub(crate) use spread::Spread;
use store_clock::StoreClock;
use store_memory::StoreMemory;
use suspicion::Suspicion;
use untold::Untold;

use crate::{
    allowances::{self, Allowances},
    answers::Answers,
    http::{Bodies, HttpConnections, Pages, Readiness},
    identity::Identity,
    metrics::Metrics,
    room::{Reading, RecentBudget, Room},
    settings::Settings,
    worker::Workers,
};

/// One node, as its threads share it.
pub(crate) struct Hub {
    pub(crate) server_id: ServerId,
    pub(crate) settings: Arc<Settings>,
    pub(crate) store: Store,
    pub(crate) identity: Arc<Identity>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) readiness: Arc<Readiness>,
    pub(crate) workers: Workers,
    pub(crate) sessions: Sessions,
    pub(crate) presence: Presence,
    /// What clients asked for and have not taken yet.
    pub(crate) answers: Answers,
    pub(crate) allowances: Arc<Allowances>,
    /// Bodies of requests that are being read.
    pub(crate) bodies: Bodies,
    /// Pages of messages on their way to clients of plain HTTP.
    pub(crate) pages: Pages,
    pub(crate) http_connections: HttpConnections,
    pub(crate) descriptors: Descriptors,
    /// Open client sockets, welcomed or not.
    pub(crate) connections: AtomicUsize,
    /// Sends that are on their way into the store.
    pub(crate) sends_in_flight: AtomicUsize,
    /// When those who are refused or sent away are to come again.
    pub(crate) spread: Spread,
    rooms: DashMap<RoomId, Arc<Room>>,
    lingering: Lingering,
    recent: Arc<RecentBudget>,
    untold: Untold,
    store_clock: StoreClock,
    suspicion: Suspicion,
    /// Held by whoever takes fresh pictures of all rooms.
    refreshing: tokio::sync::Mutex<()>,
    store_memory: StoreMemory,
    probe: probe::Probe,
    pub(crate) peers: Peers,
    /// What essential tasks are started by.
    pub(crate) supervisor: Supervisor,
    /// The runtime of everything that belongs to no socket.
    background: Handle,
}

/// What a hub is made of.
pub(crate) struct Parts {
    pub(crate) server_id: ServerId,
    pub(crate) settings: Arc<Settings>,
    pub(crate) store: Store,
    pub(crate) identity: Arc<Identity>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) readiness: Arc<Readiness>,
    pub(crate) supervisor: Supervisor,
    pub(crate) background: Handle,
}

impl Hub {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts {
            server_id,
            settings,
            store,
            identity,
            metrics,
            readiness,
            supervisor,
            background,
        } = parts;
        Self {
            workers: Workers::new(settings.worker_count()),
            sessions: Sessions::default(),
            presence: Presence::default(),
            answers: Answers::new(&settings.limits),
            allowances: Arc::new(Allowances::new(&settings)),
            bodies: Bodies::default(),
            pages: Pages::default(),
            http_connections: HttpConnections::default(),
            descriptors: Descriptors::of_process(),
            connections: AtomicUsize::new(0),
            sends_in_flight: AtomicUsize::new(0),
            spread: Spread::default(),
            rooms: DashMap::new(),
            lingering: Lingering::default(),
            recent: Arc::new(recent_budget(&settings)),
            untold: Untold::default(),
            store_clock: StoreClock::default(),
            suspicion: Suspicion::default(),
            refreshing: tokio::sync::Mutex::default(),
            store_memory: StoreMemory::new(&settings.presence),
            probe: probe::Probe::default(),
            peers: Peers::default(),
            server_id,
            settings,
            store,
            identity,
            metrics,
            readiness,
            supervisor,
            background,
        }
    }

    /// Starts the loops that belong to no socket.
    pub(crate) fn start(self: &Arc<Self>, bus: rookery_store::Bus) {
        let hub = || Arc::clone(self);
        self.keep_running("bus", bus::run(hub(), bus));
        self.keep_running("heads", heads::run(hub()));
        self.keep_running("lingering rooms", lingering::run(hub()));
        self.keep_running("presence", presence::run(hub()));
        self.keep_running("lease", lease::run(hub()));
        self.keep_running("gone nodes", gone_nodes::run(hub()));
        self.keep_running("suspicion", suspicion::run(hub()));
        self.keep_running("untold", untold::run(hub()));
        self.keep_running("probe", probe::run(hub()));
        self.keep_running("cut off", cut_off::run(hub()));
        let allowances = Arc::clone(&self.allowances);
        self.keep_running("allowances", allowances::run(allowances));
    }

    /// Starts a loop that the node cannot be without.
    fn keep_running(&self, task: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        self.background.spawn(self.supervisor.endless(task, work));
    }

    /// Starts something that ends by itself and that somebody relies on.
    fn start_soon(&self, task: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        self.background.spawn(self.supervisor.finite(task, work));
    }

    /// Waits for a reading with others; where nobody waits any more it goes on by
    /// itself, so that it comes to an end and is not kept.
    fn see_through<T: Clone + Send + Sync + 'static>(
        &self,
        reading: Reading<T>,
    ) -> CarriedOut<Reading<T>> {
        CarriedOut::new(reading, &self.background)
    }
}

fn recent_budget(settings: &Settings) -> RecentBudget {
    let events = match settings.limits.catch_up {
        0 => usize::MAX,
        most => usize::try_from(most).map_or(usize::MAX, |most| most.max(MAX_PAGE as usize)),
    };
    RecentBudget::new(settings.rooms.recent_bytes, events)
}
