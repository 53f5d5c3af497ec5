//! The connection for commands, until it ends.
//!
//! It never reconnects and nothing waits in it for a better time: when it
//! breaks, everything under way fails at once and nothing is sent again. What
//! makes the next one is [`super::link`].

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
    clients::Client,
    error::Error,
    interfaces::{ClientLike, LuaInterface},
    types::{CustomCommand, FromValue, Key, Value, config::Options},
};
use futures_util::future::try_join_all;
use tokio::sync::{Mutex, Notify, watch};

use super::{
    failure,
    grouping::Grouping,
    pulse::{self, Pulse},
    script::Script,
    term::Term,
};
use crate::StoreError;

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
    term: Arc<Term>,
    grouping: Grouping,
}

/// Why a call of a script has no answer.
pub(super) enum CallFailure {
    /// Redis has forgotten the script and carried nothing out.
    NoScript,
    /// Anything else.
    Other(StoreError),
}

impl Connection {
    /// Loads the scripts through a client that is connected.
    pub(super) async fn new(client: Client, command_timeout: Duration) -> Result<Self, Error> {
        let (ended_sender, ended) = watch::channel(false);
        let connection = Self {
            client,
            command_timeout,
            pulse: Arc::default(),
            loads: Arc::default(),
            loading: Arc::default(),
            hashes: Arc::default(),
            ended,
            ended_sender: Arc::new(ended_sender),
            demoted: Arc::default(),
            term: Arc::default(),
            grouping: Grouping::Together,
        };
        let hashes = connection.load().await?.into();
        let grouping = connection.see_grouping().await?;
        Ok(Self {
            hashes,
            grouping,
            ..connection
        })
    }

    /// The client, for single commands within [`Self::run`].
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Which calls may carry things of several partitions.
    pub(super) fn grouping(&self) -> Grouping {
        self.grouping
    }

    async fn see_grouping(&self) -> Result<Grouping, Error> {
        let section = vec![Value::from("cluster")];
        // Where INFO is not allowed, that is said in better words later (`term`).
        let asked = self.client.custom::<String, _>(fred::cmd!("INFO"), section);
        let info = match asked.await {
            Err(error) if error.details().contains("NOPERM") => String::new(),
            answer => answer?,
        };
        Ok(match info.contains("cluster_enabled:1") {
            true => Grouping::ByPartition,
            false => Grouping::Together,
        })
    }

    /// Whether it has told which Redis it is to.
    pub(super) fn term(&self) -> &Term {
        &self.term
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

    /// Whether this Redis is the one that writes, as far as it says.
    pub(super) async fn is_to_the_primary(&self) -> bool {
        let role = self
            .client
            .custom::<Vec<Value>, Value>(fred::cmd!("ROLE"), Vec::new());
        let role = self.run(role).await.unwrap_or_default();
        let name = role.first().and_then(Value::as_str);
        name.is_none_or(|name| &*name != "slave")
    }

    /// Sends a single command that the client has no words for.
    pub(super) async fn command<T: FromValue>(
        &self,
        name: &'static str,
        args: Vec<Value>,
    ) -> Result<T, StoreError> {
        let command = CustomCommand::new_static(name, None::<u16>, false);
        self.run(self.client.custom(command, args)).await
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
        if script.may_begin_an_epoch() {
            self.establish_term(until).await?;
        }
        self.evaluate(script, keys, args, until).await
    }

    /// The same, whatever is known of the term.
    pub(super) async fn evaluate(
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
        // Boxed: the client's futures are large, and there are many.
        let load = |script: &Script| Box::pin(self.client.script_load(script.source()));
        try_join_all(Script::ALL.iter().map(load)).await
    }
}
