//! The way of events to the consumer. What does not fit into the bounded
//! channel waits here, at most what one frame made; the driver reads no further
//! until it is empty.

use std::collections::VecDeque;

use tokio::sync::mpsc::{self, error::TrySendError};

use crate::Event;

pub(super) struct Outlet {
    events: mpsc::Sender<Event>,
    backlog: VecDeque<Event>,
}

impl Outlet {
    pub(super) fn new(events: mpsc::Sender<Event>) -> Self {
        Self {
            events,
            backlog: VecDeque::new(),
        }
    }

    /// Gives an event to the consumer, now or when it has room.
    pub(super) fn push(&mut self, event: Event) {
        if self.backlog.is_empty() {
            // A consumer that is gone has no use for it.
            if let Err(TrySendError::Full(event)) = self.events.try_send(event) {
                self.backlog.push_back(event);
            }
        } else {
            self.backlog.push_back(event);
        }
    }

    /// Whether events wait for the consumer.
    pub(super) fn is_full(&self) -> bool {
        !self.backlog.is_empty()
    }

    /// Waits until the consumer takes one. May be cancelled without losing one.
    pub(super) async fn drain(&mut self) {
        match self.events.reserve().await {
            Ok(permit) => {
                if let Some(event) = self.backlog.pop_front() {
                    permit.send(event);
                }
            }
            Err(_) => self.backlog = VecDeque::new(),
        }
        if self.backlog.is_empty() {
            self.backlog = VecDeque::new();
        }
    }
}
