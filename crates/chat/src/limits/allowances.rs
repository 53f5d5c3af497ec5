//! What users and addresses may still do on this node, whatever way they come in.
//!
//! A connection has an allowance of its own (its transport keeps it); these are what
//! opening more connections, or going by HTTP, cannot get around. They are
//! kept for whom they say something: an allowance that is whole again is
//! forgotten. Nothing here waits, and nothing is told to other nodes.

use std::{sync::Arc, time::Duration};

use rookery_protocol::{ErrorCode, UserId};
use rookery_store::Skeleton;

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
    failures_of_names: Keyed<Skeleton>,
    failures_of_addresses: Keyed<AddressBlock>,
    registrations: Keyed<AddressBlock>,
    name_changes: Keyed<UserId>,
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
            failures_of_names: Keyed::new(Rate::per_quarter_of_an_hour(
                limits.login_failures_per_name,
            )),
            failures_of_addresses: Keyed::new(Rate::per_quarter_of_an_hour(
                limits.login_failures_per_address,
            )),
            registrations: Keyed::new(Rate::per_hour(limits.registrations_per_hour)),
            name_changes: Keyed::new(Rate::per_day(limits.name_changes_per_day)),
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

    /// Takes one failure to log in out of what a name and an address may have, before it is
    /// known whether it is one: of many at once not all are let through. Where it is none,
    /// [`Self::forgive_log_in`] puts it back.
    ///
    /// # Errors
    ///
    /// The refusal to answer with, where it is used up.
    pub(crate) fn charge_log_in(
        &self,
        name: &Skeleton,
        address: Option<AddressBlock>,
    ) -> Result<(), Refusal> {
        let now = Moment::now();
        let by_address = address.map_or(Ok(()), |it| self.failures_of_addresses.charge(&it, now));
        by_address.map_err(|wait| {
            let what = "too many failures to log in from this address";
            too_much(wait, what, "limits.login_failures_per_address")
        })?;
        self.failures_of_names.charge(name, now).map_err(|wait| {
            if let Some(address) = address {
                self.failures_of_addresses.give_back(&address);
            }
            let what = "too many failures to log in under this name";
            too_much(wait, what, "limits.login_failures_per_name")
        })
    }

    /// It was no failure.
    pub(crate) fn forgive_log_in(&self, name: &Skeleton, address: Option<AddressBlock>) {
        self.failures_of_names.give_back(name);
        if let Some(address) = address {
            self.failures_of_addresses.give_back(&address);
        }
    }

    /// Takes one registration out of an address's allowance.
    ///
    /// # Errors
    ///
    /// The refusal to answer with, where it is used up.
    pub(crate) fn charge_registration(&self, address: AddressBlock) -> Result<(), Refusal> {
        let charged = self.registrations.charge(&address, Moment::now());
        charged.map_err(|wait| {
            let what = "too many registrations from this address";
            too_much(wait, what, "limits.registrations_per_hour")
        })
    }

    /// Takes one change of a name out of a user's allowance: each keeps a name from others.
    ///
    /// # Errors
    ///
    /// The refusal to answer with, where it is used up.
    pub(crate) fn charge_name_change(&self, user: &UserId) -> Result<(), Refusal> {
        let charged = self.name_changes.charge(user, Moment::now());
        charged.map_err(|wait| {
            let what = "you have changed your name too often";
            too_much(wait, what, "limits.name_changes_per_day")
        })
    }

    /// It was not changed.
    pub(crate) fn forgive_name_change(&self, user: &UserId) {
        self.name_changes.give_back(user);
    }

    fn forget_whole_ones(&self) {
        let now = Moment::now();
        self.users.forget_whole_ones(now);
        self.strangers.forget_whole_ones(now);
        self.guests.forget_whole_ones(now);
        self.failures_of_names.forget_whole_ones(now);
        self.failures_of_addresses.forget_whole_ones(now);
        self.registrations.forget_whole_ones(now);
        self.name_changes.forget_whole_ones(now);
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
