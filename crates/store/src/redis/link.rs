//! The connection for commands: one after the other, for as long as the store lives.
//!
//! While there is none, everything is refused at once.

use std::time::{Duration, Instant};

use fred::types::{Key, Value};
use tokio::sync::watch;

use super::{
    answer::Answer,
    backoff::Backoff,
    connection::{Connection, Connector, Driver},
    failure,
    script::Script,
};
use crate::{BusEvent, StoreError, bus::BusFeed};

/// How long the first connection is tried for.
const START_PATIENCE: Duration = Duration::from_secs(3);
/// A connection that lasted so long was a good one.
const GOOD_AFTER: Duration = Duration::from_secs(1);

/// The connection of this moment. Cheap to clone.
#[derive(Clone)]
pub(super) struct Link {
    current: watch::Receiver<Option<Connection>>,
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
                    return Ok((Self { current }, Keeper { sender, driver }));
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
        self.current
            .borrow()
            .clone()
            .ok_or_else(|| StoreError::Unavailable("Redis cannot be reached".to_owned()))
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

    /// Whether there is a connection.
    pub(super) fn is_up(&self) -> bool {
        self.current.borrow().is_some()
    }
}

/// What replaces the connection when it ends.
pub(super) struct Keeper {
    sender: watch::Sender<Option<Connection>>,
    driver: Driver,
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
        let current = keeper.sender.borrow().clone();
        let demoted = async {
            match current {
                Some(connection) => connection.demoted().await,
                None => std::future::pending().await,
            }
        };
        let why = tokio::select! {
            why = keeper.driver.ended() => why,
            () = demoted => "it has become a replica".to_owned(),
        };
        if let Some(connection) = keeper.sender.send_replace(None) {
            connection.mark_ended();
        }
        tracing::warn!(%why, url = connector.shown_url, "lost the connection to Redis");
        if since.elapsed() > GOOD_AFTER {
            backoff.reset();
        }
        let connection = loop {
            backoff.wait().await;
            match connector.commands().await {
                Ok((connection, driver)) => {
                    keeper.driver = driver;
                    break connection;
                }
                Err(error) => {
                    tracing::debug!(%error, url = connector.shown_url, "cannot reach Redis");
                }
            }
        };
        tracing::info!(url = connector.shown_url, "connected to Redis again");
        keeper.sender.send_replace(Some(connection));
        feed.send(BusEvent::Reconnected);
    }
}
