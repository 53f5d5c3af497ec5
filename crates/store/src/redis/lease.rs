//! The lease by which a node says that it lives.
//!
//! It has a connection to Redis of its own, so that nothing that others wait
//! for can hold it up: not a large answer, and not a thousand calls in front of
//! it. Only the looks at the leases of others share it.

use std::{sync::Arc, time::Duration};

use fred::types::{Key, Value};
use tokio::{sync::Mutex, task::JoinHandle, time::timeout};

use super::{
    Redis, append_call::text, connection::Connection, connector::Connector, failure, keys,
    lives::Life, read::number, script::Script,
};
use crate::{Lease, StoreError};

/// The connection that carries leases and nothing else. It is made anew
/// whenever a call on it has failed.
pub(super) struct LeaseLine {
    connector: Connector,
    /// How long an answer is waited for.
    patience: Duration,
    open: Mutex<Option<Arc<Line>>>,
}

/// One connection, and the task that ends what is under way when it ends.
struct Line {
    connection: Connection,
    watching: JoinHandle<()>,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.connection.mark_ended();
        // With the task goes the socket.
        self.watching.abort();
    }
}

impl LeaseLine {
    pub(super) fn new(connector: Connector, patience: Duration) -> Self {
        Self {
            connector,
            patience,
            open: Mutex::default(),
        }
    }

    /// Calls a script. Whether it was carried out where no answer came is not known.
    pub(super) async fn call(
        &self,
        script: Script,
        keys: Vec<Key>,
        args: Vec<Value>,
    ) -> Result<Value, StoreError> {
        let line = self.line().await?;
        let calling = line.connection.call(script, keys, args);
        let answer = timeout(self.patience, calling).await;
        let answer = answer.unwrap_or_else(|_| Err(failure::too_late()));
        if answer.is_err() {
            self.give_up(&line).await;
        }
        answer
    }

    async fn line(&self) -> Result<Arc<Line>, StoreError> {
        let mut open = self.open.lock().await;
        if let Some(line) = &*open {
            return Ok(Arc::clone(line));
        }
        let connecting = self.connector.commands().await;
        let (connection, mut driver) = connecting.map_err(|error| failure::store_error(&error))?;
        let ending = connection.clone();
        let line = Arc::new(Line {
            connection,
            watching: tokio::spawn(async move {
                driver.ended().await;
                ending.mark_ended();
            }),
        });
        *open = Some(Arc::clone(&line));
        Ok(line)
    }

    /// The next call is made on another one.
    async fn give_up(&self, line: &Arc<Line>) {
        let mut open = self.open.lock().await;
        if open.as_ref().is_some_and(|other| Arc::ptr_eq(other, line)) {
            *open = None;
        }
    }
}

impl Redis {
    /// See [`crate::Store::renew_lease`].
    pub(crate) async fn renew_lease(&self) -> Result<Lease, StoreError> {
        let lives = &self.presence.lives;
        let asked = lives.present()?;
        if let Some(beat) = self.renew(&asked).await? {
            return Ok(lives.renewed(&asked, beat));
        }
        lives.ended(&asked);
        let asked = lives.present()?;
        match self.renew(&asked).await? {
            Some(beat) => Ok(lives.renewed(&asked, beat)),
            None => Err(StoreError::NoLease),
        }
    }

    /// Gives how often it was renewed; nothing where that life is over.
    async fn renew(&self, life: &Life) -> Result<Option<u64>, StoreError> {
        let keys = vec![keys::LEASES.into()];
        let args = vec![
            text(life.name.as_str()),
            number(life.beat),
            number(life.change),
        ];
        let beat = self
            .presence
            .line
            .call(Script::RenewLease, keys, args)
            .await?;
        let beat = beat.as_u64().ok_or_else(|| failure::nonsense("a lease"))?;
        Ok((beat > 0).then_some(beat))
    }

    /// See [`crate::Store::give_up_lease`].
    pub(crate) async fn give_up_lease(&self) -> Result<(), StoreError> {
        let life = self.presence.lives.give_up();
        let keys = vec![keys::LEASES.into(), keys::rooms_of_life(&life.name).into()];
        let args = vec![text(life.name.as_str())];
        self.presence
            .line
            .call(Script::EndLease, keys, args)
            .await?;
        Ok(())
    }
}
