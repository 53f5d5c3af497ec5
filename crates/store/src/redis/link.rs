//! The connection for commands: one after the other, for as long as the store lives.
//!
//! While there is none, everything is refused at once. One to a replica is none:
//! what it reads may be behind what was acknowledged, and it writes nothing.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use fred::types::{Key, Value};
use tokio::sync::watch;

use super::{
    answer::Answer, backoff::Backoff, connection::Connection, connector::Connector, driver::Driver,
    failure, script::Script,
};
use crate::{BusEvent, StoreError, bus::BusFeed};

/// How long the first connection is tried for.
const START_PATIENCE: Duration = Duration::from_secs(3);
/// A connection that lasted so long was a good one.
const GOOD_AFTER: Duration = Duration::from_secs(1);

/// The connection of this moment. Cheap to clone.
#[derive(Clone)]
pub(super) struct Link(Arc<Shared>);

struct Shared {
    current: watch::Receiver<Current>,
    command_timeout: Duration,
}

/// How it stands with the connection.
#[derive(Clone)]
enum Current {
    Up(Connection),
    /// There is none.
    Away,
    /// What answers at the address is a replica.
    Replica,
}

impl Current {
    fn connection(&self) -> Result<&Connection, StoreError> {
        match self {
            Self::Up(connection) => Ok(connection),
            Self::Away => Err(StoreError::Unavailable(
                "Redis cannot be reached".to_owned(),
            )),
            Self::Replica => Err(failure::replica()),
        }
    }
}

impl Link {
    /// Makes the first connection. The link then has to be kept by [`keep`].
    ///
    /// # Errors
    ///
    /// What was tried and what to do, after some seconds of trying.
    pub(super) async fn first(connector: &Connector) -> Result<(Self, Keeper), StoreError> {
        let started = Instant::now();
        let mut backoff = Backoff::default();
        loop {
            let error = match connector.commands().await {
                Ok((connection, driver)) => {
                    let (sender, current) = watch::channel(Current::Up(connection));
                    let keeper = Keeper {
                        sender,
                        driver: Some(driver),
                    };
                    let shared = Shared {
                        current,
                        command_timeout: connector.command_timeout(),
                    };
                    return Ok((Self(Arc::new(shared)), keeper));
                }
                Err(error) => error,
            };
            if failure::is_for_good(&error) || started.elapsed() > START_PATIENCE {
                let url = &connector.shown_url;
                return Err(match failure::store_error(&error) {
                    StoreError::Broken(words) => StoreError::Broken(format!("{words} ({url})")),
                    _ if failure::is_for_good(&error) => {
                        StoreError::Broken(format!("{} ({url})", failure::words(&error)))
                    }
                    _ => StoreError::Unavailable(format!(
                        "Redis at {url} cannot be reached: {}; see that it runs and that redis.url is right",
                        failure::words(&error)
                    )),
                });
            }
            backoff.wait().await;
        }
    }

    /// The connection of this moment.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] while there is none, [`StoreError::ReadOnly`]
    /// while there is a replica in its place.
    pub(super) fn current(&self) -> Result<Connection, StoreError> {
        self.0.current.borrow().connection().cloned()
    }

    /// The same where only its being there matters.
    ///
    /// # Errors
    ///
    /// As [`Self::current`].
    pub(super) fn must_be_up(&self) -> Result<(), StoreError> {
        self.0.current.borrow().connection().map(|_| ())
    }

    /// Calls a script whose answer is a list; `what` is what is asked, for errors.
    pub(super) async fn ask(
        &self,
        what: &'static str,
        script: Script,
        keys: Vec<Key>,
        args: Vec<Value>,
    ) -> Result<Answer, StoreError> {
        let answer = self.current()?.call(script, keys, args).await?;
        Answer::new(what, answer)
    }

    /// How long an answer may take.
    pub(super) fn command_timeout(&self) -> Duration {
        self.0.command_timeout
    }

    /// Whether there is a connection.
    pub(super) fn is_up(&self) -> bool {
        self.must_be_up().is_ok()
    }
}

/// What replaces the connection when it ends.
pub(super) struct Keeper {
    sender: watch::Sender<Current>,
    /// None while there is no connection.
    driver: Option<Driver>,
}

impl Keeper {
    /// Waits until the connection is of no more use, ends it with its socket
    /// and all that is under way, and says so.
    async fn end(&mut self, url: &str) {
        let current = self.sender.borrow().clone();
        let (Current::Up(connection), Some(mut driver)) = (current, self.driver.take()) else {
            return;
        };
        let lost = tokio::select! {
            why = driver.ended() => Some(why),
            () = connection.falls_silent() => Some("it answers nothing any more".to_owned()),
            () = connection.demoted() => None,
        };
        match lost {
            Some(why) => {
                self.sender.send_replace(Current::Away);
                tracing::warn!(%why, url, "lost the connection to Redis");
            }
            // That nothing can be written is told by whoever wants to write.
            None => {
                self.sender.send_replace(Current::Replica);
                tracing::info!(
                    url,
                    "this Redis has become a replica; looking for the primary at the same address"
                );
            }
        }
        connection.mark_ended();
    }

    /// Makes the next connection, for as long as it takes.
    async fn next(&mut self, connector: &Connector, backoff: &mut Backoff) -> Connection {
        loop {
            backoff.wait().await;
            let why_not = match connector.commands().await {
                Ok((connection, driver)) => {
                    if connection.is_to_the_primary().await {
                        self.driver = Some(driver);
                        return connection;
                    }
                    Current::Replica
                }
                Err(error) => {
                    tracing::debug!(%error, url = connector.shown_url, "cannot reach Redis");
                    Current::Away
                }
            };
            self.sender.send_replace(why_not);
        }
    }
}

/// Makes the next connection whenever one ends; never returns.
///
/// A new one is told to the bus: the answer to an append may have been lost
/// with the old one though the event was published in this node's name, so the
/// node has to compare heads.
pub(super) async fn keep(connector: Connector, mut keeper: Keeper, feed: BusFeed) {
    let mut backoff = Backoff::default();
    loop {
        let since = Instant::now();
        keeper.end(&connector.shown_url).await;
        if since.elapsed() > GOOD_AFTER {
            backoff.reset();
        }
        let connection = keeper.next(&connector, &mut backoff).await;
        tracing::info!(url = connector.shown_url, "connected to Redis again");
        keeper.sender.send_replace(Current::Up(connection));
        feed.send(BusEvent::Reconnected);
    }
}
