//! The lease by which a node says that it lives.
//!
//! It has a connection to Redis of its own, so that nothing that others wait
//! for can hold it up: not a large answer, and not a thousand calls in front of
//! it. Only the looks at the leases of others share it.

use std::{sync::Arc, time::Duration};

use fred::types::{Key, Value};
use tokio::{sync::Mutex, task::JoinHandle, time::timeout};

use super::{
    Redis, append_call::text, connection::Connection, connector::Connector, failure,
    grouping::Grouping, keys, lives::Life, read::number, script::Script,
};
use crate::{Lease, Partition, StoreError};

const WHAT: &str = "a lease";
/// A state of a life in `change_lease.lua`: it lasts.
pub(super) const BEAT: &str = "beat";
/// It was given up.
pub(super) const ENDED: &str = "ended";

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

    /// Gives how often it was renewed; nothing where that life is over, or the store has
    /// lost something of what was entered in it.
    async fn renew(&self, life: &Life) -> Result<Option<u64>, StoreError> {
        let keys = vec![keys::LEASES.into()];
        let args = vec![text(life.name.as_str()), number(life.beat)];
        let line = &self.presence.line;
        let beat = line.call(Script::RenewLease, keys, args).await?;
        let beat = beat.as_u64().ok_or_else(|| failure::nonsense(WHAT))?;
        if beat == 0 {
            return Ok(None);
        }
        if self.is_whole(life).await? {
            return Ok(Some(beat));
        }
        // Others take away what is left of it.
        self.change_lease(&life.name, BEAT, ENDED).await?;
        Ok(None)
    }

    /// Whether every partition has all that was heard of in it.
    async fn is_whole(&self, life: &Life) -> Result<bool, StoreError> {
        let line = &self.presence.line;
        let grouping = self.link.current()?.grouping();
        for group in grouping.split(life.changes(), |&(partition, _)| partition) {
            let lives = group
                .iter()
                .map(|&(_, (partition, _))| keys::lives(partition).into());
            let args = vec![text(life.name.as_str())];
            let held = line
                .call(Script::ChangesOfLife, lives.collect(), args)
                .await?;
            let held: Vec<i64> = held.convert().map_err(|_| failure::nonsense(WHAT))?;
            let heard = group.iter().map(|&(_, (_, change))| change);
            if held.len() != group.len() || heard.zip(held).any(|(heard, held)| held < heard as i64)
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// See [`crate::Store::give_up_lease`].
    pub(crate) async fn give_up_lease(&self) -> Result<(), StoreError> {
        let life = self.presence.lives.give_up();
        let ended = self.change_lease(&life.name, BEAT, ENDED).await?;
        let (line, connection) = (&self.presence.line, self.link.current()?);
        let mut somebody = false;
        for (keys, args, _) in end_life(connection.grouping(), &life.name) {
            let there = line.call(Script::EndLife, keys, args).await?;
            let there: Vec<u64> = there.convert().map_err(|_| failure::nonsense(WHAT))?;
            somebody |= there.contains(&1);
        }
        if ended && !somebody {
            self.change_lease(&life.name, ENDED, "").await?;
        }
        Ok(())
    }

    /// Changes the state of a life from one to another, where nothing is that it is
    /// forgotten; whether it was in that state.
    pub(super) async fn change_lease(
        &self,
        life: &str,
        from: &str,
        to: &str,
    ) -> Result<bool, StoreError> {
        let keys = vec![keys::LEASES.into()];
        let args = vec![text(life), text(from), text(to)];
        let line = &self.presence.line;
        let changed = line.call(Script::ChangeLease, keys, args).await?;
        Ok(changed.as_u64() == Some(1))
    }
}

/// The calls after which nothing of a life is entered any more, each with its partitions.
pub(super) fn end_life(
    grouping: Grouping,
    life: &str,
) -> Vec<(Vec<Key>, Vec<Value>, Vec<Partition>)> {
    let groups = grouping.split(Partition::all(), |&partition| partition);
    let calls = groups.into_iter().map(|group| {
        let partitions: Vec<Partition> =
            group.into_iter().map(|(_, partition)| partition).collect();
        let keys = partitions.iter().flat_map(|&partition| {
            let keys = [keys::lives(partition), keys::rooms_of_life(partition, life)];
            keys.map(Key::from)
        });
        (keys.collect(), vec![text(life)], partitions)
    });
    calls.collect()
}
