//! The settings of the store, as it wants them.

use std::time::Duration;

use rookery_protocol::ServerId;
use rookery_store::{
    AccountTimes, EngineSettings, Lifetime, PresenceTimes, RedisSettings, Retention, Supervisor,
    UserLimits,
};

use super::{Engine, Settings};

impl Settings {
    /// What the store of this node is made from.
    pub fn store_settings(&self, server_id: ServerId) -> rookery_store::Settings {
        let engine = match (self.store, &self.redis.url) {
            (Engine::Redis, url) => {
                let url = url.as_ref().map(|url| url.reveal()).unwrap_or_default();
                EngineSettings::Redis(RedisSettings {
                    connect_timeout_ms: self.redis.connect_timeout_ms,
                    command_timeout_ms: self.redis.command_timeout_ms,
                    waiting_bytes: self.redis.waiting_bytes,
                    ..RedisSettings::new(url)
                })
            }
            (Engine::Embedded, _) => EngineSettings::Embedded(self.embedded.data_settings()),
        };
        let lifetimes = self
            .rooms
            .lifetimes
            .0
            .iter()
            .map(|(prefix, &ttl_ms)| Lifetime {
                prefix: prefix.clone(),
                ttl_ms,
            });
        rookery_store::Settings {
            server_id,
            engine,
            retention: Retention {
                max_messages: self.rooms.max_messages,
                lifetimes: lifetimes.collect(),
                keep_empty_ms: self.rooms.keep_empty_ms,
            },
            user_limits: UserLimits {
                rooms: self.limits.rooms_per_user,
                rooms_made_per_hour: self.limits.rooms_made_per_hour,
                restraints_per_room: self.limits.restraints_per_room,
            },
            // The node has delivered its own appends itself.
            echo: false,
            accounts: AccountTimes::default(),
            presence: PresenceTimes {
                lease: Duration::from_millis(self.presence.lease_ms),
                grace: Duration::from_millis(self.presence.grace_ms),
            },
            supervisor: Supervisor::default(),
        }
    }
}
