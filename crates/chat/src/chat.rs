//! One node's chat, as its threads share it.
//!
//! It holds nothing that cannot be lost and never waits for a client. What is
//! done with it stands in `commands`; it only puts the parts together and
//! starts the loops that belong to no session.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use rookery_protocol::{Control, ServerId, UserId, bus_message};
use rookery_store::{Bus, Store, StoreError};
use serde_json::value::RawValue;

use crate::{
    accounts::Passwords,
    background::Background,
    delivery::Inboxes,
    health::{Health, Readiness},
    limits::{self, Allowances, Answers, Purges, Reactions},
    metrics::Metrics,
    rooms::{self, Rooms},
    settings::Settings,
    spread::Spread,
    sync::{self, Listener, Peers, Probe},
    turns::Turns,
    users::{self, Connected, Logins, Presence},
};

/// One node's chat.
#[derive(Debug)]
pub struct Chat {
    /// The node's name, new at every start.
    pub server_id: ServerId,
    /// What an operator has set.
    pub settings: Arc<Settings>,
    /// Where everything is kept.
    pub store: Store,
    /// What operators can count.
    pub metrics: Arc<Metrics>,
    /// What is known of the store and the shared channel.
    pub health: Arc<Health>,
    /// What workers are told to do.
    pub inboxes: Arc<Inboxes>,
    /// What clients asked for and have not taken yet.
    pub answers: Arc<Answers>,
    /// What users and addresses may still do.
    pub allowances: Arc<Allowances>,
    /// When those who are refused or sent away are to come again.
    pub spread: Spread,
    /// Where other nodes were heard.
    pub peers: Arc<Peers>,
    /// The node's own echo on the shared channel.
    pub probe: Arc<Probe>,
    /// Who is connected here.
    pub connected: Arc<Connected>,
    /// What they are logged in with.
    pub logins: Arc<Logins>,
    /// What passwords are looked at by.
    pub passwords: Passwords,
    /// What the store is told of them.
    pub presence: Arc<Presence>,
    pub(crate) rooms: Arc<Rooms>,
    pub(crate) turns: Arc<Turns>,
    pub(crate) sends_in_flight: AtomicUsize,
    /// What those who are banned have written, while it is taken away.
    pub(crate) purges: Purges,
    /// What is to be told of reactions together.
    pub(crate) reactions: Arc<Reactions>,
    pub(crate) background: Background,
    listener: Arc<Listener>,
}

/// What a [`Chat`] is made of.
#[derive(Debug)]
pub struct Parts {
    /// See [`Chat::server_id`].
    pub server_id: ServerId,
    /// See [`Chat::settings`].
    pub settings: Settings,
    /// See [`Chat::store`].
    pub store: Store,
    /// See [`Chat::metrics`].
    pub metrics: Arc<Metrics>,
    /// Whether the node may be given traffic.
    pub readiness: Arc<Readiness>,
    /// See [`Chat::inboxes`].
    pub inboxes: Inboxes,
    /// Where the loops run.
    pub background: Background,
}

impl Chat {
    /// Has the store write what waits, and ends it.
    pub async fn close_store(&self) {
        self.rooms.store.close().await;
    }

    /// Puts the parts together; nothing runs before [`Self::start`].
    pub fn new(parts: Parts) -> Self {
        let Parts {
            server_id,
            settings,
            store,
            metrics,
            readiness,
            inboxes,
            background,
        } = parts;
        let (settings, inboxes) = (Arc::new(settings), Arc::new(inboxes));
        let health = Arc::new(Health::new(readiness, &settings.presence));
        let answers = Arc::new(Answers::new(&settings.limits));
        let rooms = Arc::new(Rooms::new(rooms::Parts {
            server_id: server_id.clone(),
            settings: Arc::clone(&settings),
            store: store.clone(),
            metrics: Arc::clone(&metrics),
            health: Arc::clone(&health),
            answers: Arc::clone(&answers),
            inboxes: Arc::clone(&inboxes),
            background: background.clone(),
        }));
        let peers = Arc::new(Peers::default());
        let probe = Arc::new(Probe::new(Arc::clone(&rooms), Arc::clone(&peers)));
        let connected = Arc::new(Connected::default());
        let logins = Arc::new(Logins::new(
            Arc::clone(&connected),
            Arc::clone(&inboxes),
            store.clone(),
        ));
        let listener = Listener {
            rooms: Arc::clone(&rooms),
            connected: Arc::clone(&connected),
            logins: Arc::clone(&logins),
            probe: Arc::clone(&probe),
        };
        Self {
            allowances: Arc::new(Allowances::new(&settings.limits)),
            passwords: Passwords::new(settings.limits.passwords_at_once, background.handle()),
            presence: Arc::new(Presence::new(Arc::clone(&rooms))),
            spread: Spread::default(),
            turns: Arc::default(),
            sends_in_flight: AtomicUsize::new(0),
            purges: Purges::new(settings.limits.purges),
            reactions: Arc::new(Reactions::new(settings.limits.reactions_waiting)),
            listener: Arc::new(listener),
            server_id,
            settings,
            store,
            metrics,
            health,
            inboxes,
            answers,
            peers,
            probe,
            connected,
            logins,
            rooms,
            background,
        }
    }

    /// Starts the loops that belong to no session.
    pub fn start(&self, bus: Bus) {
        let background = &self.background;
        let rooms = || Arc::clone(&self.rooms);
        let presence = || Arc::clone(&self.presence);
        background.keep_running("bus", sync::listen(Arc::clone(&self.listener), bus));
        background.keep_running("heads", sync::compare_heads(rooms()));
        background.keep_running("suspicion", sync::pass_over_rooms(rooms()));
        background.keep_running("probe", sync::probe_channel(Arc::clone(&self.probe)));
        background.keep_running("lingering rooms", rooms::forget_lingering(rooms()));
        background.keep_running("notices", rooms::tell_notices(rooms()));
        background.keep_running("presence", users::tell_presence(presence()));
        background.keep_running("lease", users::keep_lease(presence()));
        let logins = Arc::clone(&self.logins);
        background.keep_running("log-ins", users::keep_looking_at_logins(logins));
        background.keep_running("gone nodes", users::sweep_gone_nodes(rooms()));
        let allowances = Arc::clone(&self.allowances);
        background.keep_running("allowances", limits::forget_allowances(allowances));
    }

    /// Messages on their way into the store.
    pub fn sends_in_flight(&self) -> usize {
        self.sends_in_flight.load(Ordering::Relaxed)
    }

    /// Reactions that wait to be told together.
    pub fn reactions_waiting(&self) -> usize {
        self.reactions.waiting()
    }

    /// What essential tasks are started by.
    pub fn background(&self) -> &Background {
        &self.background
    }

    /// Tells all sessions of a user something, on every node: a frame as JSON on
    /// one line. Who is not connected misses it.
    ///
    /// # Errors
    ///
    /// Where the other nodes could not be told.
    pub async fn tell_user(&self, user: &UserId, frame: &RawValue) -> Result<(), StoreError> {
        self.listener.tell_user(user, frame.get().as_bytes());
        let line = bus_message::to_user_line(&self.server_id, user, frame);
        self.store.publish(line).await
    }

    /// Has every node do something, this one first. What a node does not hear it finds by
    /// the store, or by what the log says.
    pub(crate) async fn command_all(&self, control: Control) {
        let line = bus_message::control_line(self.server_id.as_str(), &control);
        self.listener.obey(control);
        if let Err(error) = self.store.publish(line).await {
            tracing::debug!(%error, "the other nodes could not be told");
        }
    }
}
