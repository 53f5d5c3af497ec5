//! What users and addresses may still do on this node, whatever way they come in.
//!
//! A connection has an allowance of its own (its transport keeps it); these are what
//! opening more connections, or going by HTTP, cannot get around. They are
//! kept for whom they say something: an allowance that is whole again is
//! forgotten. Nothing here waits, and nothing is told to other nodes.

use std::{sync::Arc, time::Duration};

use rookery_protocol::{ErrorCode, UserId};

use super::{AddressBlock, allowance::Rate, keyed::Keyed};
use crate::{
    clock::Moment,
    refusal::{Refusal, Retry},
    settings::Limits,
};

/// How often allowances that are whole again are forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(10);

/// The allowances of one node.
#[derive(Debug)]
pub struct Allowances {
    users: Keyed<UserId>,
    strangers: Keyed<AddressBlock>,
    guests: Keyed<AddressBlock>,
}

impl Allowances {
    pub(crate) fn new(limits: &Limits) -> Self {
        let guests = limits.guests_per_minute;
        Self {
            users: Keyed::new(Rate::per_second(limits.user_rate, limits.user_burst)),
            strangers: Keyed::new(Rate::per_second(
                limits.stranger_rate,
                limits.stranger_burst,
            )),
            guests: Keyed::new(Rate::per_minute(guests, guests)),
        }
    }

    /// Takes one command out of a user's allowance.
    ///
    /// # Errors
    ///
    /// The refusal to answer with, where it is used up.
    pub fn charge_user(&self, user: &UserId) -> Result<(), Refusal> {
        self.users.charge(user, Moment::now()).map_err(|wait| {
            let what = "too many commands of this user";
            too_much(wait, what, "limits.user_rate, limits.user_burst")
        })
    }

    /// Takes one request that carries no good token out of an address's allowance.
    ///
    /// # Errors
    ///
    /// The refusal to answer with, where it is used up.
    pub fn charge_stranger(&self, address: AddressBlock) -> Result<(), Refusal> {
        let charged = self.strangers.charge(&address, Moment::now());
        charged.map_err(|wait| {
            let what = "too many requests without a valid token from this address";
            too_much(wait, what, "limits.stranger_rate, limits.stranger_burst")
        })
    }

    /// Whether an address has used up what it may ask without a good token;
    /// gives the refusal then. Nothing is taken.
    pub fn look_at_stranger(&self, address: AddressBlock) -> Result<(), Refusal> {
        self.strangers
            .look(&address, Moment::now())
            .map_err(|wait| {
                let what = "too many attempts without a valid token from this address";
                too_much(wait, what, "limits.stranger_rate, limits.stranger_burst")
            })
    }

    /// Takes one guest out of an address's allowance.
    ///
    /// # Errors
    ///
    /// The refusal to answer with, where it is used up.
    pub fn charge_guest(&self, address: AddressBlock) -> Result<(), Refusal> {
        self.guests.charge(&address, Moment::now()).map_err(|wait| {
            too_much(
                wait,
                "too many guests from this address",
                "auth.guests_per_minute",
            )
        })
    }

    fn forget_whole_ones(&self) {
        let now = Moment::now();
        self.users.forget_whole_ones(now);
        self.strangers.forget_whole_ones(now);
        self.guests.forget_whole_ones(now);
    }
}

/// Forgets allowances that are whole again, for as long as the node lives.
pub(crate) async fn run(allowances: Arc<Allowances>) {
    let mut times = tokio::time::interval(FORGET_EVERY);
    times.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        times.tick().await;
        allowances.forget_whole_ones();
    }
}

fn too_much(wait: Duration, what: &str, settings: &str) -> Refusal {
    let ms = u64::try_from(wait.as_millis()).map_or(u64::MAX, |ms| ms + 1);
    let message = format!("{what}; wait {ms} ms ({settings})");
    Refusal::for_now(ErrorCode::RateLimited, message, Retry::AfterMs(ms))
}
