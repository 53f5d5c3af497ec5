//! One connection to Redis, from its making to its end.
//!
//! It never reconnects and nothing waits in it for a better time: when it
//! breaks, everything under way fails at once and nothing is sent again. What
//! makes the next one is [`super::link`] and [`super::subscription`].

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use fred::{
    bytes_utils::Str,
    clients::{Client, SubscriberClient},
    error::{Error, ErrorKind},
    interfaces::{ClientLike, LuaInterface},
    types::{
        Key, RespVersion, Value,
        config::{Config, ConnectionConfig, Options, PerformanceConfig, TcpConfig},
    },
};
use fred_socket2::TcpKeepalive;
use futures_util::{FutureExt, future::try_join_all};
use tokio::{
    sync::{Mutex, Notify, watch},
    task::JoinHandle,
};

use super::{
    failure, keys,
    pulse::{self, Pulse},
    script::Script,
};
use crate::{RedisSettings, StoreError};

/// How many messages of the shared channel may wait to be taken. More are
/// dropped, and the bus says so.
const CHANNEL_CAPACITY: usize = 4096;
/// How often the kernel asks on a connection that is idle whether the other end
/// is there, and how often in vain before it gives it up.
const KEEPALIVE: Duration = Duration::from_secs(5);
const KEEPALIVES: u32 = 3;

/// How connections are made.
#[derive(Clone)]
pub(super) struct Connector {
    config: Config,
    connection: ConnectionConfig,
    performance: PerformanceConfig,
    /// The channel that all nodes on this database share.
    pub(super) channel: Str,
    /// How long an attempt to connect may take, from the name's look-up to the
    /// last script.
    attempt: Duration,
    /// How long an answer may take.
    command_timeout: Duration,
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
        let attempt = Duration::from_millis(settings.connect_timeout_ms);
        // A connection that answers nothing is not found by the client's own
        // means (`unresponsive`), which begin anew with each command that is
        // written: see `pulse`.
        let connection = ConnectionConfig {
            connection_timeout: attempt,
            internal_command_timeout: attempt,
            max_command_attempts: 1,
            tcp: tcp(command_timeout),
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
            attempt,
            command_timeout,
            shown_url,
        })
    }

    /// Does what an attempt to connect consists of, but for no longer than one may take.
    pub(super) async fn attempt<T>(
        &self,
        making: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        tokio::time::timeout(self.attempt, making)
            .await
            .unwrap_or_else(|_| {
                let words = format!("it did not answer within {:?}", self.attempt);
                Err(Error::new(ErrorKind::Timeout, words))
            })
    }

    /// Makes a connection for commands and loads the scripts into Redis.
    pub(super) async fn commands(&self) -> Result<(Connection, Driver), Error> {
        // Boxed: the client's futures are large.
        self.attempt(Box::pin(self.make_commands())).await
    }

    async fn make_commands(&self) -> Result<(Connection, Driver), Error> {
        let client = Client::new(
            self.config.clone(),
            Some(self.performance.clone()),
            Some(self.connection.clone()),
            None,
        );
        let driver = Driver::start(&client).await?;
        let (ended_sender, ended) = watch::channel(false);
        let connection = Connection {
            client,
            command_timeout: self.command_timeout,
            pulse: Arc::default(),
            loads: Arc::default(),
            loading: Arc::default(),
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

    /// How long an answer may take.
    pub(super) fn command_timeout(&self) -> Duration {
        self.command_timeout
    }

    /// Makes a connection for a subscription, to be called within
    /// [`Self::attempt`]. It speaks RESP3, in which other commands are allowed
    /// beside it.
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
        let driver = Driver::start(&client).await?;
        Ok((client, driver))
    }
}

/// What sockets to Redis are like: the kernel too gives up one whose other end
/// is gone, and what was not yet sent when we give one up is thrown away with
/// it. Nothing is to arrive in Redis after it was refused here.
fn tcp(command_timeout: Duration) -> TcpConfig {
    TcpConfig {
        nodelay: Some(true),
        linger: Some(Duration::ZERO),
        keepalive: Some(
            TcpKeepalive::new()
                .with_time(KEEPALIVE)
                .with_interval(KEEPALIVE)
                .with_retries(KEEPALIVES),
        ),
        #[cfg(target_os = "linux")]
        user_timeout: Some(pulse::patience(command_timeout)),
        ..TcpConfig::default()
    }
}

/// What reads and writes the socket of a connection. Closes it when dropped,
/// whatever waits to be written.
pub(super) struct Driver(JoinHandle<Result<(), Error>>);

impl Driver {
    /// Starts it and waits until the client is connected. An attempt that is
    /// given up leaves nothing behind.
    async fn start(client: &impl ClientLike) -> Result<Self, Error> {
        let mut connected = Box::pin(client.wait_for_connect());
        // It listens from its first poll on; there is nothing to hear yet.
        let too_early = connected.as_mut().now_or_never();
        debug_assert!(too_early.is_none(), "not connected before it was tried");
        let driver = Self(client.connect());
        connected.await?;
        Ok(driver)
    }

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
    command_timeout: Duration,
    pulse: Arc<Pulse>,
    /// How often the scripts were loaded again.
    loads: Arc<AtomicU64>,
    /// Held by whoever loads them.
    loading: Arc<Mutex<()>>,
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

    /// Waits until Redis answers nothing any more.
    pub(super) async fn falls_silent(&self) {
        let patience = pulse::patience(self.command_timeout);
        self.pulse.stops(&self.client, patience).await;
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
                self.pulse.note(&result);
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

    /// Calls a script once. What has no answer by `until` has failed, and is
    /// not sent any more if it was not yet.
    pub(super) async fn call_once(
        &self,
        script: Script,
        keys: Vec<Key>,
        args: Vec<Value>,
        until: Instant,
    ) -> Result<Value, CallFailure> {
        let Some(hash) = self.hashes.get(script as usize) else {
            return Err(CallFailure::NoScript);
        };
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(CallFailure::Other(failure::too_late()));
        }
        let client = self.client.with_options(&Options {
            timeout: Some(left),
            ..Options::default()
        });
        match self
            .attempt(Box::pin(client.evalsha(hash.clone(), keys, args)))
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
        let until = Instant::now() + self.command_timeout;
        let loads = self.loads();
        match self
            .call_once(script, keys.clone(), args.clone(), until)
            .await
        {
            Ok(value) => return Ok(value),
            Err(CallFailure::Other(error)) => return Err(error),
            Err(CallFailure::NoScript) => self.load_again(loads, until).await?,
        }
        match self.call_once(script, keys, args, until).await {
            Ok(value) => Ok(value),
            Err(CallFailure::Other(error)) => Err(error),
            Err(CallFailure::NoScript) => Err(StoreError::Unavailable(
                "Redis forgets its scripts as soon as they are loaded".to_owned(),
            )),
        }
    }

    /// How often the scripts were loaded again so far.
    pub(super) fn loads(&self) -> u64 {
        self.loads.load(Ordering::Acquire)
    }

    /// Loads the scripts again, once for all who found them missing since
    /// `loads`, but waits for that no longer than `until`.
    pub(super) async fn load_again(&self, loads: u64, until: Instant) -> Result<(), StoreError> {
        let loading = async {
            let _loading = self.loading.lock().await;
            if self.loads() == loads {
                self.run(self.load()).await?;
                self.loads.fetch_add(1, Ordering::Release);
            }
            Ok(())
        };
        tokio::time::timeout_at(until.into(), loading)
            .await
            .unwrap_or_else(|_| Err(failure::too_late()))
    }

    /// Loads all scripts and gives their hashes, which depend on the sources alone.
    async fn load(&self) -> Result<Vec<Str>, Error> {
        let load = |script: Script| self.client.script_load(script.source());
        try_join_all(Script::ALL.map(load)).await
    }
}
