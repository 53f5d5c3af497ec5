//! One connection to Redis, from its making to its end.
//!
//! It never reconnects and nothing waits in it for a better time: when it
//! breaks, everything under way fails at once and nothing is sent again. What
//! makes the next one is [`super::link`] and [`super::subscription`].

use std::{pin::Pin, sync::Arc, time::Duration};

use fred::{
    bytes_utils::Str,
    clients::{Client, SubscriberClient},
    error::Error,
    interfaces::{ClientLike, LuaInterface},
    types::{
        Key, RespVersion, Value,
        config::{Config, ConnectionConfig, PerformanceConfig, TcpConfig, UnresponsiveConfig},
    },
};
use tokio::{
    sync::{Mutex, Notify, watch},
    task::JoinHandle,
};

use super::{failure, keys, script::Script};
use crate::{RedisSettings, StoreError};

/// How many messages of the shared channel may wait to be taken. More are
/// dropped, and the bus says so.
const CHANNEL_CAPACITY: usize = 4096;
/// How often a connection is looked at for not answering any more.
const UNRESPONSIVE_CHECK: Duration = Duration::from_millis(250);

/// How connections are made.
#[derive(Clone)]
pub(super) struct Connector {
    config: Config,
    connection: ConnectionConfig,
    performance: PerformanceConfig,
    /// The channel that all nodes on this database share.
    pub(super) channel: Str,
    /// The URL as it may be shown.
    pub(super) shown_url: String,
}

impl Connector {
    /// Reads the URL.
    ///
    /// # Errors
    ///
    /// [`StoreError::Broken`] where it is not one of Redis.
    pub(super) fn new(settings: &RedisSettings) -> Result<Self, StoreError> {
        let shown_url = settings.url_without_secrets();
        if !["redis://", "rediss://"]
            .iter()
            .any(|scheme| settings.url.starts_with(scheme))
        {
            return Err(StoreError::Broken(format!(
                "redis.url must begin with redis:// or rediss:// ({shown_url})"
            )));
        }
        // Fails only where the process has chosen one already, which then serves.
        let _ = fred::rustls::crypto::ring::default_provider().install_default();
        let config = Config::from_url_centralized(&settings.url).map_err(|error| {
            StoreError::Broken(format!(
                "redis.url cannot be used ({shown_url}): {}",
                error.details()
            ))
        })?;
        let channel = keys::bus(config.database.unwrap_or(0));
        let command_timeout = Duration::from_millis(settings.command_timeout_ms);
        let connection = ConnectionConfig {
            connection_timeout: Duration::from_millis(settings.connect_timeout_ms),
            internal_command_timeout: Duration::from_millis(settings.connect_timeout_ms),
            max_command_attempts: 1,
            tcp: TcpConfig {
                nodelay: Some(true),
                ..TcpConfig::default()
            },
            unresponsive: UnresponsiveConfig {
                max_timeout: Some(command_timeout),
                interval: UNRESPONSIVE_CHECK,
            },
            ..ConnectionConfig::default()
        };
        let performance = PerformanceConfig {
            default_command_timeout: command_timeout,
            broadcast_channel_capacity: CHANNEL_CAPACITY,
            ..PerformanceConfig::default()
        };
        Ok(Self {
            config,
            connection,
            performance,
            channel,
            shown_url,
        })
    }

    /// Makes a connection for commands and loads the scripts into Redis.
    pub(super) async fn commands(&self) -> Result<(Connection, Driver), Error> {
        let client = Client::new(
            self.config.clone(),
            Some(self.performance.clone()),
            Some(self.connection.clone()),
            None,
        );
        let driver = Driver(client.init().await?);
        let (ended_sender, ended) = watch::channel(false);
        let connection = Connection {
            client,
            scripts: Arc::new(Mutex::new(0)),
            hashes: Arc::default(),
            ended,
            ended_sender: Arc::new(ended_sender),
            demoted: Arc::default(),
        };
        let hashes = connection.load().await?;
        Ok((
            Connection {
                hashes: hashes.into(),
                ..connection
            },
            driver,
        ))
    }

    /// Makes a connection for a subscription. It speaks RESP3, in which other
    /// commands are allowed beside it.
    pub(super) async fn subscriber(&self) -> Result<(SubscriberClient, Driver), Error> {
        let config = Config {
            version: RespVersion::RESP3,
            ..self.config.clone()
        };
        let client = SubscriberClient::new(
            config,
            Some(self.performance.clone()),
            Some(self.connection.clone()),
            None,
        );
        let driver = Driver(client.init().await?);
        Ok((client, driver))
    }
}

/// What reads and writes the socket of a connection. Closes it when dropped.
pub(super) struct Driver(JoinHandle<Result<(), Error>>);

impl Driver {
    /// Waits until the connection has ended, and says why if that is known.
    pub(super) async fn ended(&mut self) -> String {
        match (&mut self.0).await {
            Ok(Ok(())) => "it was closed".to_owned(),
            Ok(Err(error)) => error.details().to_owned(),
            Err(error) => error.to_string(),
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A connection for commands. Cheap to clone.
#[derive(Clone)]
pub(super) struct Connection {
    client: Client,
    /// How often the scripts were loaded again.
    scripts: Arc<Mutex<u64>>,
    hashes: Arc<[Str]>,
    ended: watch::Receiver<bool>,
    ended_sender: Arc<watch::Sender<bool>>,
    /// Told when Redis says that it is a replica: after a fail-over the
    /// address leads to the new primary, but only a new connection goes there.
    demoted: Arc<Notify>,
}

/// Why a call of a script has no answer.
pub(super) enum CallFailure {
    /// Redis has forgotten the script and carried nothing out.
    NoScript,
    /// Anything else.
    Other(StoreError),
}

impl Connection {
    /// The client, for single commands within [`Self::run`].
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Waits until Redis says that it is a replica.
    pub(super) async fn demoted(&self) {
        self.demoted.notified().await;
    }

    /// Whatever is under way fails from now on.
    pub(super) fn mark_ended(&self) {
        self.ended_sender.send_replace(true);
    }

    /// Waits for a command, but not beyond the end of the connection.
    pub(super) fn run<'a, T: 'a>(
        &'a self,
        command: impl Future<Output = Result<T, Error>> + Send + 'a,
    ) -> impl Future<Output = Result<T, StoreError>> + Send + 'a {
        let attempt = self.attempt(Box::pin(command));
        async move { attempt.await?.map_err(|error| failure::store_error(&error)) }
    }

    /// Takes the command boxed: the client's futures are several kilobytes, and
    /// would make those of all callers so.
    async fn attempt<T>(
        &self,
        command: Pin<Box<dyn Future<Output = Result<T, Error>> + Send + '_>>,
    ) -> Result<Result<T, Error>, StoreError> {
        let mut ended = self.ended.clone();
        tokio::select! {
            biased;
            result = command => {
                if result.as_ref().is_err_and(failure::is_demotion) {
                    self.demoted.notify_one();
                }
                Ok(result)
            }
            // An error says that the sender is gone, and with it the connection.
            _ = ended.wait_for(|&ended| ended) => Err(StoreError::Unavailable(
                "the connection to Redis was lost".to_owned(),
            )),
        }
    }

    /// Calls a script once.
    pub(super) async fn call_once(
        &self,
        script: Script,
        keys: Vec<Key>,
        args: Vec<Value>,
    ) -> Result<Value, CallFailure> {
        let Some(hash) = self.hashes.get(script as usize) else {
            return Err(CallFailure::NoScript);
        };
        match self
            .attempt(Box::pin(self.client.evalsha(hash.clone(), keys, args)))
            .await
        {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) if failure::is_no_script(&error) => Err(CallFailure::NoScript),
            Ok(Err(error)) => Err(CallFailure::Other(failure::store_error(&error))),
            Err(error) => Err(CallFailure::Other(error)),
        }
    }

    /// Calls a script whose place among other calls does not matter, and loads
    /// it again where Redis has forgotten it.
    pub(super) async fn call(
        &self,
        script: Script,
        keys: Vec<Key>,
        args: Vec<Value>,
    ) -> Result<Value, StoreError> {
        let loads = *self.scripts.lock().await;
        match self.call_once(script, keys.clone(), args.clone()).await {
            Ok(value) => return Ok(value),
            Err(CallFailure::Other(error)) => return Err(error),
            Err(CallFailure::NoScript) => self.load_again(loads).await?,
        }
        match self.call_once(script, keys, args).await {
            Ok(value) => Ok(value),
            Err(CallFailure::Other(error)) => Err(error),
            Err(CallFailure::NoScript) => Err(StoreError::Unavailable(
                "Redis forgets its scripts as soon as they are loaded".to_owned(),
            )),
        }
    }

    /// How often the scripts were loaded again so far.
    pub(super) async fn loads(&self) -> u64 {
        *self.scripts.lock().await
    }

    /// Loads the scripts again, once for all who found them missing since `loads`.
    pub(super) async fn load_again(&self, loads: u64) -> Result<(), StoreError> {
        let mut done = self.scripts.lock().await;
        if *done == loads {
            self.run(self.load()).await?;
            *done += 1;
        }
        Ok(())
    }

    /// Loads all scripts and gives their hashes, which depend on the sources alone.
    async fn load(&self) -> Result<Vec<Str>, Error> {
        let mut hashes = Vec::with_capacity(Script::ALL.len());
        for script in Script::ALL {
            hashes.push(self.client.script_load(script.source()).await?);
        }
        Ok(hashes)
    }
}
