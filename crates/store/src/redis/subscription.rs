//! The subscription to the shared channel: one after the other, for as long as
//! the store lives. It hands every payload to the bus and loses none without saying so.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use fred::{
    clients::SubscriberClient,
    error::Error,
    interfaces::{ClientLike, EventInterface, PubsubInterface},
    types::{Message, Value},
};
use futures_util::FutureExt;
use tokio::sync::{
    Notify,
    broadcast::{self, error::RecvError},
};

use super::{
    backoff::Backoff,
    connector::Connector,
    driver::Driver,
    failure,
    pulse::{self, Pulse},
};
use crate::{BusEvent, StoreError, bus::BusFeed};

/// A subscription that lasted so long was a good one.
const GOOD_AFTER: Duration = Duration::from_secs(1);

/// A connection that is subscribed.
pub(super) struct Subscription {
    client: SubscriberClient,
    messages: broadcast::Receiver<Message>,
    pulse: Pulse,
    patience: Duration,
    driver: Driver,
}

impl Subscription {
    /// Subscribes, and returns when Redis has confirmed it.
    pub(super) async fn new(connector: &Connector) -> Result<Self, Error> {
        // Boxed: the client's futures are large.
        connector.attempt(Box::pin(Self::make(connector))).await
    }

    async fn make(connector: &Connector) -> Result<Self, Error> {
        let (client, driver) = connector.subscriber().await?;
        let messages = client.message_rx();
        // The client does not wait for the confirmation; but answers come in
        // order, so that of PING says that the subscription is there.
        client.subscribe(connector.channel.clone()).await?;
        client.ping::<()>(None).await?;
        Ok(Self {
            client,
            messages,
            pulse: Pulse::default(),
            patience: pulse::patience(connector.command_timeout()),
            driver,
        })
    }

    /// The first subscription of a store.
    pub(super) async fn first(connector: &Connector) -> Result<Self, StoreError> {
        Self::new(connector)
            .await
            .map_err(|error| failure::store_error(&error))
    }

    /// Waits for a payload that has this mark; false where the connection ends before.
    pub(super) async fn hears(&mut self, mark: &str) -> bool {
        loop {
            let message = tokio::select! {
                message = self.messages.recv() => message,
                _ = self.driver.ended() => return false,
            };
            match message.map(|message| message.value) {
                Ok(Value::String(payload)) if payload.contains(mark) => return true,
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return false,
            }
        }
    }

    /// Hands payloads to the bus until the connection ends, answers nothing any
    /// more, or `remake` is notified; says why it ended. It is closed then.
    async fn forward(mut self, feed: &BusFeed, remake: &Notify) -> String {
        let Self {
            client,
            messages,
            pulse,
            patience,
            driver,
        } = &mut self;
        let silence = pulse.stops(client, *patience);
        tokio::pin!(silence);
        loop {
            tokio::select! {
                message = messages.recv() => {
                    pulse.beat();
                    match message {
                        Ok(message) => forward(feed, message),
                        Err(RecvError::Lagged(missed)) => feed.send(BusEvent::Lagged(missed)),
                        Err(RecvError::Closed) => return "it was closed".to_owned(),
                    }
                }
                why = driver.ended() => return why,
                () = remake.notified() => return "it brought nothing of what was published".to_owned(),
                () = &mut silence => return "it answers nothing any more".to_owned(),
            }
        }
    }
}

fn forward(feed: &BusFeed, message: Message) {
    match message.value {
        Value::String(payload) => feed.send(BusEvent::Payload(payload.into())),
        other => {
            tracing::warn!(kind = ?other.kind(), "a payload of the shared channel is not text")
        }
    }
}

/// Subscribes anew whenever a subscription ends; never returns.
pub(super) async fn keep(
    connector: Connector,
    mut subscription: Subscription,
    feed: BusFeed,
    remake: Arc<Notify>,
) {
    let mut backoff = Backoff::default();
    loop {
        let since = Instant::now();
        let why = subscription.forward(&feed, &remake).await;
        tracing::warn!(%why, url = connector.shown_url, "lost the subscription to the shared channel");
        if since.elapsed() > GOOD_AFTER {
            backoff.reset();
        }
        subscription = loop {
            backoff.wait().await;
            match Subscription::new(&connector).await {
                Ok(subscription) => break subscription,
                Err(error) => {
                    tracing::debug!(%error, url = connector.shown_url, "cannot subscribe")
                }
            }
        };
        tracing::info!(
            url = connector.shown_url,
            "subscribed to the shared channel again"
        );
        // Whatever was wished for meanwhile was this.
        let _ = remake.notified().now_or_never();
        feed.send(BusEvent::Reconnected);
    }
}
