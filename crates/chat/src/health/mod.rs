//! What is known of the store and of the shared channel: whether they answer,
//! how fast, what time it is there, and since when something may have been missed.
//!
//! Nothing here asks anybody: `sync` finds out and notes it here, and whoever has
//! to decide by it looks here.

mod answer_time;
mod readiness;
mod store_clock;
mod store_memory;
mod suspicion;

use std::{sync::Arc, time::Duration};

pub(crate) use answer_time::AnswerTime;
pub use readiness::Readiness;
use store_clock::StoreClock;
use store_memory::StoreMemory;
pub(crate) use suspicion::Suspicion;

use crate::settings::PresenceSettings;

/// The health of one node, as its threads share it.
#[derive(Debug)]
pub struct Health {
    pub(crate) readiness: Arc<Readiness>,
    pub(crate) store_clock: StoreClock,
    pub(crate) store_memory: StoreMemory,
    pub(crate) suspicion: Suspicion,
    /// How long a question to the store takes.
    pub(crate) round_trip: AnswerTime,
    /// How long the way through the shared channel takes.
    pub(crate) echo: AnswerTime,
}

impl Health {
    pub(crate) fn new(readiness: Arc<Readiness>, presence: &PresenceSettings) -> Self {
        Self {
            readiness,
            store_clock: StoreClock::default(),
            store_memory: StoreMemory::new(presence),
            suspicion: Suspicion::default(),
            round_trip: AnswerTime::default(),
            echo: AnswerTime::default(),
        }
    }

    /// Whether this node may be given traffic, and what stands in the way.
    pub fn readiness(&self) -> &Readiness {
        &self.readiness
    }

    /// How long a question to the store takes; `None` where it does not answer.
    pub fn store_round_trip(&self) -> Option<Duration> {
        self.round_trip.now()
    }

    /// How long the way through the shared channel takes; `None` where nothing
    /// comes through it.
    pub fn bus_lag(&self) -> Option<Duration> {
        self.echo.now()
    }

    /// Something may have been missed in any room.
    pub(crate) fn suspect_everything(&self) {
        self.store_clock.forget();
        self.suspicion.raise();
    }
}
