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
use rookery_protocol::{
    Cursor, Envelope, Epoch, EventBody, RoomId, ServerId, User, UserId, event::MessageFields,
};
use serde_json::value::RawValue;

use super::failed;
use crate::{
    Append, CheckLine, Lifetime, Retention, StoreError,
    redis::{
        append_call::{AppendCall, Words, text},
        connection::{CallFailure, Connection},
        connector::Connector,
        failure, keys,
        lives::Life,
        read::number,
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
    let Some(trial) = Trial::new(connector, connection, server_id) else {
        return Vec::new();
    };
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
        let epoch = Epoch::new("check").map_err(|_| failure::nonsense("a check"))?;
        let body = EventBody::message(&MessageFields {
            from: &self.user,
            text: "check",
            nonce: None,
            reply_to: None,
            meta: None,
        });
        let append = Append {
            room: self.room.clone(),
            user: self.user.id.clone(),
            nonce: None,
            body,
            // What is known of a room makes it anew.
            known: Some(Cursor { epoch, seq: 0 }),
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
        let until = Instant::now() + self.connector.command_timeout();
        // Whatever the term: the room goes again, and no term is begun by a check.
        let script = Script::Append;
        let answered = self.connection.evaluate(script, keys, args, until).await;
        let answer = answered.map_err(|failed| match failed {
            CallFailure::Other(error) => error,
            CallFailure::NoScript => failure::nonsense("an append"),
        })?;
        let placed = call.read(&answer).unwrap_or_default().pop();
        placed
            .unwrap_or_else(|| Err(failure::nonsense("an append")))
            .map(|_| ())
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
        let (leases, rooms) = (keys::LEASES.into(), keys::rooms_of_life(&life.name).into());
        let name = || text(life.name.as_str());
        let calls: [(Script, Vec<Key>, Vec<Value>); 2] = [
            (
                Script::RenewLease,
                vec![Key::clone(&leases)],
                vec![name(), number(life.beat), number(life.change)],
            ),
            (Script::EndLease, vec![leases, rooms], vec![name()]),
        ];
        for (script, keys, args) in calls {
            if let Err(error) = self.connection.call(script, keys, args).await {
                return failed("a node cannot say that it lives", &error);
            }
        }
        CheckLine::ok("a node can say that it lives")
    }

    async fn clean_up(&self) -> Result<(), StoreError> {
        let client = self.connection.client();
        let room_keys = vec![keys::head(&self.room), keys::log(&self.room)];
        let take_away = async {
            client.unlink::<(), _>(room_keys).await?;
            let life = Life::first_of(self.server_id).name;
            client.hdel::<(), _, _>(keys::LEASES, life).await
        };
        self.connection.run(take_away).await
    }
}
