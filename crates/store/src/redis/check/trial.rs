//! Does what a node does, in a room and under an id of its own, and cleans up:
//! stores a message by the real script, hears it and a probe on the real
//! channel, takes a lease and gives it up.
//!
//! The channel is that of the nodes, since a Redis user may have that one alone.
//! They pass over what comes of it: none of them is in the room.

use std::time::{Duration, Instant};

use fred::{
    interfaces::{HashesInterface, KeysInterface, PubsubInterface},
    types::{Key, Value},
};
use rookery_protocol::{Envelope, EventBody, RoomId, ServerId, User, UserId, event::MessageFields};
use serde_json::value::RawValue;

use super::failed;
use crate::{
    Append, CheckLine, Lifetime, Partition, Retention, StoreError, epoch,
    redis::{
        append_call::{AppendCall, Words, text},
        connection::{CallFailure, Connection},
        connector::Connector,
        failure, keys,
        lease::{BEAT, ENDED},
        lives::Life,
        read::number,
        rooms,
        script::Script,
        subscription::Subscription,
    },
};

/// How long what is stored lives where it is not taken away again, in milliseconds.
const LIFETIME_MS: u64 = 10_000;

/// What is given to `ACL SETUSER` where nothing comes through the channel.
const GIVE_CHANNEL: &str =
    "give the user of redis.url its channel, for example: ACL SETUSER name &rookery:bus*";

/// Tries everything and says how it went.
pub(super) async fn run(
    connector: &Connector,
    connection: &Connection,
    server_id: &ServerId,
) -> Vec<CheckLine> {
    let Some(mut trial) = Trial::new(connector, connection, server_id) else {
        return Vec::new();
    };
    // Where that cannot be asked, the rest cannot be done either, and says why.
    trial.made = missing(connection, &trial.room).await.unwrap_or_default();
    // First, so that what is published below is heard.
    let subscription = Subscription::new(connector).await;
    let mut lines = vec![trial.identity().await, trial.store().await];
    lines.push(match subscription {
        Ok(subscription) => trial.hear(subscription).await,
        Err(error) => failed(
            "the shared channel cannot be subscribed to",
            &failure::store_error(&error),
        ),
    });
    lines.push(trial.lease().await);
    if let Err(error) = trial.clean_up().await {
        lines.push(failed("what was tried cannot be taken away again", &error));
    }
    lines
}

struct Trial<'a> {
    connector: &'a Connector,
    connection: &'a Connection,
    server_id: &'a ServerId,
    room: RoomId,
    user: User,
    /// Keys that are there only since it was tried.
    made: Vec<String>,
}

impl<'a> Trial<'a> {
    /// `None` where the id makes none of a room, which that of a check does.
    fn new(
        connector: &'a Connector,
        connection: &'a Connection,
        server_id: &'a ServerId,
    ) -> Option<Self> {
        Some(Self {
            connector,
            connection,
            server_id,
            room: RoomId::new(format!("check:{server_id}")).ok()?,
            user: User {
                id: UserId::new(server_id.as_str()).ok()?,
                name: "check".into(),
            },
            made: Vec::new(),
        })
    }

    /// Asks what the nodes tell one Redis from another by.
    async fn identity(&self) -> CheckLine {
        match self.connection.check_identity().await {
            Ok(()) => CheckLine::ok("it says which Redis it is, so that a loss is noticed"),
            Err(error) => failed("nobody can tell whether it has lost messages", &error),
        }
    }

    /// Stores a message.
    async fn store(&self) -> CheckLine {
        match self.append().await {
            Ok(()) => CheckLine::ok("a message can be stored, published and given an end"),
            Err(error) => failed("a message cannot be stored", &error),
        }
    }

    async fn append(&self) -> Result<(), StoreError> {
        self.make_room().await?;
        let body = EventBody::message(&MessageFields {
            from: &self.user,
            text: "check",
            nonce: None,
            reply_to: None,
            meta: None,
        });
        let append = Append {
            overwrite: None,
            room: self.room.clone(),
            user: self.user.id.clone(),
            nonce: None,
            body,
            known: None,
        };
        let retention = Retention {
            lifetimes: vec![Lifetime {
                prefix: self.room.to_string(),
                ttl_ms: LIFETIME_MS,
            }],
            ..Retention::default()
        };
        let call = AppendCall::new([&append].into_iter());
        let channel = &self.connector.channel;
        let Words { keys, args } = call.words(self.server_id, channel, &retention, &[&append]);
        let answer = self.evaluate(Script::Append, keys, args).await?;
        let placed = call.read(&answer).unwrap_or_default().pop();
        placed
            .unwrap_or_else(|| Err(failure::nonsense("an append")))
            .map(|_| ())
    }

    async fn make_room(&self) -> Result<(), StoreError> {
        let (room, partition) = (&self.room, Partition::of_room(&self.room));
        let keys = [
            keys::partition(partition),
            keys::head(room),
            keys::log(room),
            keys::hidden(room),
            keys::online(room),
            keys::rooms(partition),
            keys::due(partition),
        ];
        let args = vec![
            text(epoch::half()),
            text("1"),
            text(room.as_str()),
            text("1"),
            // Where it is not taken away again, nodes do that.
            number(LIFETIME_MS),
            text("check"),
            text("0"),
        ];
        let keys = keys.into_iter().map(Key::from).collect();
        self.evaluate(Script::Confirm, keys, args).await.map(drop)
    }

    /// Calls a script whatever the term: the room goes again, and no term is begun by a check.
    async fn evaluate(
        &self,
        script: Script,
        keys: Vec<Key>,
        args: Vec<Value>,
    ) -> Result<Value, StoreError> {
        let until = Instant::now() + self.connector.command_timeout();
        let answered = self.connection.evaluate(script, keys, args, until).await;
        answered.map_err(|failed| match failed {
            CallFailure::Other(error) => error,
            CallFailure::NoScript => failure::nonsense("a check"),
        })
    }

    /// Publishes a probe, as a node does each second, and listens for it.
    async fn hear(&self, mut subscription: Subscription) -> CheckLine {
        let channel = &self.connector.channel;
        let mut payload = Vec::new();
        Envelope::ephemeral(self.server_id, "probe", None, RawValue::NULL).write_line(&mut payload);
        let client = self.connection.client();
        let publish = client.publish::<(), _, _>(channel.clone(), payload);
        if let Err(error) = self.connection.run(publish).await {
            return failed(&format!("nothing can be published on {channel}"), &error);
        }
        let patience = self.connector.command_timeout();
        if self.is_heard(&mut subscription, patience).await {
            CheckLine::ok(format!("what is published on {channel} is heard"))
        } else {
            CheckLine::failed(
                format!(
                    "what is published on {channel} is not heard: nodes would not hear each other"
                ),
                GIVE_CHANNEL,
            )
        }
    }

    async fn is_heard(&self, subscription: &mut Subscription, patience: Duration) -> bool {
        let hearing = subscription.hears(self.server_id.as_str());
        tokio::time::timeout(patience, hearing)
            .await
            .unwrap_or(false)
    }

    /// Takes the lease of a node, and gives it up.
    async fn lease(&self) -> CheckLine {
        let life = Life::first_of(self.server_id);
        let name = || text(life.name.as_str());
        let calls: [(Script, Vec<Value>); 2] = [
            (Script::RenewLease, vec![name(), number(life.beat)]),
            (Script::ChangeLease, vec![name(), text(BEAT), text(ENDED)]),
        ];
        for (script, args) in calls {
            let keys = vec![Key::from(keys::LEASES)];
            if let Err(error) = self.connection.call(script, keys, args).await {
                return failed("a node cannot say that it lives", &error);
            }
        }
        CheckLine::ok("a node can say that it lives")
    }

    /// Takes away what was made, and what of its partition is there only since then.
    async fn clean_up(&self) -> Result<(), StoreError> {
        let (keys, args) = rooms::removal(&self.room, None, &[]);
        self.connection.call(Script::RemoveRoom, keys, args).await?;
        let client = self.connection.client();
        for key in &self.made {
            self.connection.run(client.unlink::<(), _>(key)).await?;
        }
        let life = Life::first_of(self.server_id).name;
        let forget = client.hdel::<(), _, _>(keys::LEASES, life);
        self.connection.run(forget).await
    }
}

/// Which keys of the partition of a room are not there yet.
async fn missing(connection: &Connection, room: &RoomId) -> Result<Vec<String>, StoreError> {
    let partition = Partition::of_room(room);
    let mut missing = Vec::new();
    for key in [keys::partition(partition), keys::feed(partition)] {
        let there: u64 = connection.run(connection.client().exists(&key)).await?;
        if there == 0 {
            missing.push(key);
        }
    }
    Ok(missing)
}
