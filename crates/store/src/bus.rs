//! What the shared channel says, as one stream that survives everything.
//!
//! Both engines feed it; neither ever waits for its reader. A reader that is
//! too slow is told how much it missed and goes on, so that it can heal itself
//! from the log. Payloads are shared, not copied.

use std::{fmt, ops::Deref};

use fred::bytes_utils::Str;
use tokio::sync::broadcast;

/// How many unread events the bus holds before it drops the oldest.
const CAPACITY: usize = 4096;

/// The events of the shared channel, of this node's own doing too.
#[derive(Debug)]
pub struct Bus {
    events: broadcast::Receiver<BusEvent>,
}

/// What the bus has to say.
#[derive(Debug, Clone)]
pub enum BusEvent {
    /// Envelopes, one per line.
    Payload(PayloadString),
    /// About so many events came too fast and are lost: heal from the log.
    Lagged(u64),
    /// The subscription is there again after it was not: whatever was
    /// published meanwhile is lost; heal from the log.
    Reconnected,
}

/// A payload of the shared channel; cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct PayloadString(Str);

impl Deref for PayloadString {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PayloadString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl From<Str> for PayloadString {
    fn from(text: Str) -> Self {
        Self(text)
    }
}

impl From<String> for PayloadString {
    fn from(text: String) -> Self {
        Self(Str::from(text))
    }
}

impl Bus {
    /// The next event; `None` only when the store is gone.
    ///
    /// Nothing is lost when the future is dropped before it is ready.
    pub async fn next(&mut self) -> Option<BusEvent> {
        match self.events.recv().await {
            Ok(event) => Some(event),
            Err(broadcast::error::RecvError::Lagged(missed)) => Some(BusEvent::Lagged(missed)),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

/// The engine's end of a [`Bus`]. The bus ends when the last clone is dropped.
#[derive(Debug, Clone)]
pub(crate) struct BusFeed {
    events: broadcast::Sender<BusEvent>,
}

impl BusFeed {
    /// A bus and its other end.
    pub(crate) fn new() -> (Self, Bus) {
        let (sender, receiver) = broadcast::channel(CAPACITY);
        (Self { events: sender }, Bus { events: receiver })
    }

    /// Puts an event on the bus. Nobody has to listen.
    pub(crate) fn send(&self, event: BusEvent) {
        // An error says that the bus was dropped: then nobody wants to know.
        let _ = self.events.send(event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_slow_reader_is_told_and_goes_on() {
        let (feed, mut bus) = BusFeed::new();
        for number in 0..CAPACITY + 10 {
            feed.send(BusEvent::Payload(number.to_string().into()));
        }
        feed.send(BusEvent::Reconnected);
        drop(feed);
        assert!(matches!(bus.next().await, Some(BusEvent::Lagged(11))));
        let mut left = 0;
        while let Some(event) = bus.next().await {
            left += 1;
            if left < CAPACITY {
                assert!(matches!(event, BusEvent::Payload(_)));
            } else {
                assert!(matches!(event, BusEvent::Reconnected));
            }
        }
        assert_eq!(left, CAPACITY);
    }
}
