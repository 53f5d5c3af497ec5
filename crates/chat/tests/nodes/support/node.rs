//! A node of the chat in this process, over a Redis that may be far away.

use std::{rc::Rc, sync::Arc, time::Duration};

use rookery_chat::{
    Background, Chat, Parts, Settings,
    delivery::{Inboxes, Wire},
    health::Readiness,
    metrics::{Metrics, Registrar},
    settings::{Limits, PresenceSettings, RoomSettings},
};
use rookery_protocol::ServerId;
use rookery_store::{Lifetime, PresenceTimes, Retention, Store, Supervisor};
use rookery_testing::{Proxy, RedisServer};

use super::{
    lines::{LINES, Lines, MARKED, Told, mark_of},
    worker::Worker,
};

/// A Redis and the network before it.
pub(crate) struct Surroundings {
    /// Killed where this is dropped.
    _redis: RedisServer,
    pub(crate) network: Proxy,
}

impl Surroundings {
    /// Answers take so many milliseconds each way, more or less.
    pub(crate) fn far_away(delay_ms: u64, jitter_ms: u64) -> Self {
        let redis = RedisServer::start().unwrap();
        let network = Proxy::to_port(redis.port()).unwrap();
        network.delay(
            Duration::from_millis(delay_ms),
            Duration::from_millis(jitter_ms),
        );
        Self {
            _redis: redis,
            network,
        }
    }
}

/// One node.
pub(crate) struct Node {
    pub(crate) chat: Arc<Chat>,
    pub(super) worker: Rc<Worker>,
    pub(crate) told_on_lines: Told,
    pub(crate) told_on_marked: Told,
}

impl Node {
    /// Starts a node whose rooms are forgotten as soon as nobody is in them.
    pub(crate) async fn start(name: &str, surroundings: &Surroundings) -> Self {
        let settings = Settings {
            rooms: RoomSettings {
                linger_ms: 0,
                ..RoomSettings::default()
            },
            // All come from one address.
            limits: Limits {
                registrations_per_hour: 0,
                ..Limits::default()
            },
            presence: PresenceSettings {
                grace_ms: 50,
                ..PresenceSettings::default()
            },
            ..Settings::default()
        };
        let server_id = ServerId::new(name).unwrap();
        let url = surroundings.network.redis_url();
        let store_settings = rookery_store::Settings {
            echo: false,
            retention: Retention {
                lifetimes: vec![Lifetime {
                    prefix: "event:".into(),
                    ttl_ms: 30_000,
                }],
                ..Retention::default()
            },
            presence: PresenceTimes {
                lease: Duration::from_millis(settings.presence.lease_ms),
                grace: Duration::from_millis(settings.presence.grace_ms),
            },
            ..rookery_store::Settings::redis(server_id.clone(), url)
        };
        let (store, bus) = Store::connect(store_settings).await.unwrap();
        let (told_on_lines, told_on_marked) = (Told::default(), Told::default());
        let wires: Vec<Box<dyn Wire>> = vec![
            Box::new(Lines {
                mark: mark_of(LINES),
                told: told_on_lines.clone(),
            }),
            Box::new(Lines {
                mark: mark_of(MARKED),
                told: told_on_marked.clone(),
            }),
        ];
        let runtime = tokio::runtime::Handle::current();
        let chat = Arc::new(Chat::new(Parts {
            server_id,
            settings,
            store,
            metrics: Arc::new(Metrics::new(&mut Registrar::default())),
            readiness: Arc::new(Readiness::default()),
            inboxes: Inboxes::new(1, wires),
            background: Background::new(runtime, Supervisor::default()),
        }));
        chat.start(bus);
        let worker = Worker::start(chat.inboxes.claim().unwrap());
        let node = Self {
            chat,
            worker,
            told_on_lines,
            told_on_marked,
        };
        let readiness = node.chat.health.readiness();
        super::until("the node is ready", async || readiness.missing().is_empty()).await;
        node
    }
}
