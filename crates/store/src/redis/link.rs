//! The connection for commands: one after the other, for as long as the store lives.
//!
//! While there is none, everything is refused at once.

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
    current: watch::Receiver<Option<Connection>>,
    command_timeout: Duration,
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
                    let (sender, current) = watch::channel(Some(connection));
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
    /// [`StoreError::Unavailable`] while there is none.
    pub(super) fn current(&self) -> Result<Connection, StoreError> {
        self.0.current.borrow().clone().ok_or_else(away)
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
        self.0.current.borrow().is_some()
    }
}

/// There is no connection.
pub(super) fn away() -> StoreError {
    StoreError::Unavailable("Redis cannot be reached".to_owned())
}

/// What replaces the connection when it ends.
pub(super) struct Keeper {
    sender: watch::Sender<Option<Connection>>,
    /// None while there is no connection.
    driver: Option<Driver>,
}

impl Keeper {
    /// Waits until the connection is of no more use, ends it with its socket
    /// and all that is under way, and says why.
    async fn end(&mut self) -> String {
        let current = self.sender.borrow().clone();
        let (Some(connection), Some(mut driver)) = (current, self.driver.take()) else {
            return "there was none".to_owned();
        };
        let why = tokio::select! {
            why = driver.ended() => why,
            () = connection.demoted() => "it has become a replica".to_owned(),
            () = connection.falls_silent() => "it answers nothing any more".to_owned(),
        };
        self.sender.send_replace(None);
        connection.mark_ended();
        why
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
        let why = keeper.end().await;
        tracing::warn!(%why, url = connector.shown_url, "lost the connection to Redis");
        if since.elapsed() > GOOD_AFTER {
            backoff.reset();
        }
        let (connection, driver) = loop {
            backoff.wait().await;
            match connector.commands().await {
                Ok(made) => break made,
                Err(error) => {
                    tracing::debug!(%error, url = connector.shown_url, "cannot reach Redis");
                }
            }
        };
        keeper.driver = Some(driver);
        tracing::info!(url = connector.shown_url, "connected to Redis again");
        keeper.sender.send_replace(Some(connection));
        feed.send(BusEvent::Reconnected);
    }
}
