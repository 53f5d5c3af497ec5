//! How connections to Redis are made: within a time limit that includes
//! everything, and with sockets that notice that the other end is gone.

use std::time::Duration;

use fred::{
    bytes_utils::Str,
    clients::{Client, SubscriberClient},
    error::{Error, ErrorKind},
    types::{
        RespVersion,
        config::{Config, ConnectionConfig, PerformanceConfig, TcpConfig},
    },
};
use fred_socket2::TcpKeepalive;

use super::{connection::Connection, driver::Driver, keys, pulse};
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
        let connection = Connection::new(client, self.command_timeout).await?;
        Ok((connection, driver))
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
