//! The lease by which a node says that it lives.
//!
//! It has a connection to Redis of its own, so that nothing that others wait
//! for can hold it up: not a large answer, and not a thousand calls in front of it.

use std::time::Duration;

use fred::types::{Key, Value};
use tokio::sync::Mutex;

use super::{
    Redis, append_call::text, connection::Connection, connector::Connector, driver::Driver,
    failure, keys, lives::Life, read::number, script::Script,
};
use crate::{Lease, StoreError};

/// The connection that carries the lease and nothing else. It is made anew
/// whenever a call on it has failed.
pub(super) struct LeaseLine {
    connector: Connector,
    /// How long an answer is waited for.
    patience: Duration,
    open: Mutex<Option<(Connection, Driver)>>,
}

impl LeaseLine {
    pub(super) fn new(connector: Connector, patience: Duration) -> Self {
        Self {
            connector,
            patience,
            open: Mutex::default(),
        }
    }

    /// Calls a script whose answer is a number. Whether it was carried out where
    /// no answer came is not known.
    async fn call(
        &self,
        script: Script,
        keys: Vec<Key>,
        args: Vec<Value>,
    ) -> Result<u64, StoreError> {
        let mut open = self.open.lock().await;
        // Taken out, so that it is closed where the call fails or this future is dropped.
        let (connection, mut driver) = match open.take() {
            Some(line) => line,
            None => self.connect().await?,
        };
        let answer = tokio::select! {
            answer = connection.call(script, keys, args) => answer?,
            why = driver.ended() => return Err(StoreError::Unavailable(why)),
            () = tokio::time::sleep(self.patience) => return Err(failure::too_late()),
        };
        *open = Some((connection, driver));
        answer.as_u64().ok_or_else(|| failure::nonsense("a lease"))
    }

    async fn connect(&self) -> Result<(Connection, Driver), StoreError> {
        let connecting = self.connector.commands().await;
        connecting.map_err(|error| failure::store_error(&error))
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
