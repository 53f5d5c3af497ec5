//! The engine that any number of nodes share.
//!
//! One connection carries the commands, another the subscription, a third
//! nothing but the lease; all are replaced for as long as the store lives. Whatever must not come apart is one
//! Lua script. Nothing is kept here that cannot be lost, and an append is never
//! sent twice.

mod announce;
mod answer;
mod append_call;
mod append_sender;
mod appender;
mod backoff;
mod charge_room;
mod check;
mod cluster;
mod confirm;
mod connection;
mod connector;
mod denied;
mod directory;
mod documents;
mod driver;
mod entry;
mod failure;
mod feed;
mod grouped;
mod grouping;
mod heads;
mod join;
mod keys;
mod kind;
mod layout;
mod lease;
mod link;
mod lives;
mod members;
mod people;
mod plain_append;
mod presence;
mod pulse;
mod reactions;
mod read;
mod room_lists;
mod rooms;
mod script;
mod subscription;
mod sweep;
mod term;
mod tidy;
mod watch;

use std::{fmt, sync::Arc, time::Instant};

use fred::{
    interfaces::{ClientLike, KeysInterface, PubsubInterface},
    types::{Expiration, Value},
};
use futures_util::FutureExt;
use rookery_protocol::ServerId;
use tokio::{sync::Notify, task::AbortHandle};

use self::{
    appender::Appender, check::Facts, connector::Connector, documents::Accounts, grouped::Grouped,
    link::Link, members::MembershipChanges, people::Admissions, presence::Presence,
    room_lists::RoomLists, subscription::Subscription,
};
use crate::{
    AccountTimes, Append, Appended, Bus, CheckLine, Pong, PresenceTimes, RedisSettings, Retention,
    Stats, StoreError, Supervisor, UserLimits, bus::BusFeed,
};

pub(crate) use announce::announce;
pub(crate) use check::check;

/// How long what is written as a trial is kept, in milliseconds.
const PROBE_MS: i64 = 10_000;

/// The Redis engine. Cheap to clone.
#[derive(Clone)]
pub struct Redis {
    server_id: ServerId,
    channel: Arc<str>,
    retention: Arc<Retention>,
    user_limits: Arc<UserLimits>,
    link: Link,
    presence: Arc<Presence>,
    appender: Appender,
    room_lists: RoomLists,
    membership_changes: MembershipChanges,
    admissions: Admissions,
    accounts: Arc<Accounts>,
    remake_subscription: Arc<Notify>,
    url: Arc<str>,
    _tasks: Arc<Tasks>,
}

/// The background work, which ends with the last clone of the engine.
struct Tasks([AbortHandle; 8]);

impl Drop for Tasks {
    fn drop(&mut self) {
        for task in &self.0 {
            task.abort();
        }
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis")
            .field("server_id", &self.server_id)
            .field("url", &self.url)
            .field("available", &self.is_available())
            .finish_non_exhaustive()
    }
}

impl Redis {
    /// Connects and subscribes.
    ///
    /// # Errors
    ///
    /// What was tried and what to do where Redis does not serve within some seconds.
    pub(crate) async fn start(
        settings: &RedisSettings,
        server_id: ServerId,
        retention: Retention,
        user_limits: UserLimits,
        account_times: AccountTimes,
        times: PresenceTimes,
        supervisor: &Supervisor,
    ) -> Result<(Self, Bus), StoreError> {
        let connector = Connector::new(settings)?;
        let (link, keeper) = Link::first(&connector).await?;
        link.current()?.check_alone().await?;
        link.current()?.check_identity().await?;
        link.current()?.establish_layout().await?;
        let subscription = Subscription::first(&connector).await?;
        let (feed, bus) = BusFeed::new();
        let channel: Arc<str> = Arc::from(&*connector.channel);
        let retention = Arc::new(retention);
        let remake_subscription = Arc::<Notify>::default();
        let (appender, appends) = Appender::new(
            link.clone(),
            server_id.clone(),
            connector.channel.clone(),
            retention.clone(),
            settings.waiting_bytes,
        );
        let (room_lists, questions) = RoomLists::new(link.clone(), user_limits.rooms);
        let (membership_changes, changes) = Grouped::new(link.clone(), move |link, changes| {
            members::change_memberships(link, changes, user_limits.rooms)
        });
        let (admissions, coming) = Grouped::new(link.clone(), people::admit_all);
        let (document_questions, documents) = Grouped::new(link.clone(), documents::read_all);
        let url = Arc::from(connector.shown_url.as_str());
        let tidying = tidy::run(link.clone(), retention.clone());
        let presence = Presence::new(connector.clone(), server_id.clone(), times);
        let keep_link = link::keep(connector.clone(), keeper, feed.clone());
        let remake = remake_subscription.clone();
        let keep_subscription = subscription::keep(connector, subscription, feed, remake);
        let start = |task, work| tokio::spawn(supervisor.endless(task, work)).abort_handle();
        let tasks = Tasks([
            start("appends", appends.boxed()),
            start("room lists", questions.boxed()),
            start("membership changes", changes.boxed()),
            start("admissions", coming.boxed()),
            start("documents", documents.boxed()),
            start("tidying", tidying.boxed()),
            start("redis connection", keep_link.boxed()),
            start("redis subscription", keep_subscription.boxed()),
        ]);
        let engine = Self {
            server_id,
            channel,
            retention,
            user_limits: Arc::new(user_limits),
            link,
            presence: Arc::new(presence),
            appender,
            room_lists,
            membership_changes,
            admissions,
            accounts: Arc::new(Accounts::new(document_questions, account_times)),
            remake_subscription,
            url,
            _tasks: Arc::new(tasks),
        };
        Ok((engine, bus))
    }

    /// See [`crate::Store::append`].
    pub(crate) fn append(
        &self,
        append: Append,
    ) -> impl Future<Output = Result<Appended, StoreError>> + Send + 'static + use<> {
        self.appender.append(append)
    }

    /// See [`crate::Store::send_appends`].
    pub(crate) fn send_appends(&self) {
        self.appender.send();
    }

    /// See [`crate::Store::publish`].
    pub(crate) async fn publish(&self, payload: String) -> Result<(), StoreError> {
        let connection = self.link.current()?;
        connection
            .run(connection.client().publish(&*self.channel, payload))
            .await
    }

    /// See [`crate::Store::ping`].
    pub(crate) async fn ping(&self) -> Result<Pong, StoreError> {
        let connection = self.link.current()?;
        let asked = Instant::now();
        let time = connection
            .client()
            .custom::<(u64, u64), Value>(fred::cmd!("TIME"), Vec::new());
        let (seconds, us) = connection.run(time).await?;
        Ok(Pong {
            round_trip: asked.elapsed(),
            time_ms: seconds * 1000 + us / 1000,
        })
    }

    /// See [`crate::Store::try_write`].
    pub(crate) async fn try_write(&self) -> Result<(), StoreError> {
        let connection = self.link.current()?;
        let (client, key) = (connection.client(), keys::probe(&self.server_id));
        let write = client.set(key, "", Some(Expiration::PX(PROBE_MS)), None, false);
        connection.run(write).await
    }

    /// See [`crate::Store::look_over`].
    pub(crate) async fn look_over(&self) -> Result<Vec<CheckLine>, StoreError> {
        Ok(Facts::of(&self.link.current()?).await.lines())
    }

    /// See [`crate::Store::is_available`].
    pub(crate) fn is_available(&self) -> bool {
        self.link.is_up()
    }

    /// See [`crate::Store::reconnect_bus`].
    pub(crate) fn reconnect_bus(&self) {
        self.remake_subscription.notify_one();
    }

    /// See [`crate::Store::stats`].
    pub(crate) fn stats(&self) -> Stats {
        self.appender.stats()
    }
}
