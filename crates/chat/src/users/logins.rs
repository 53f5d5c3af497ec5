//! Which log-ins have sessions here, so that these end with them.
//!
//! Whoever comes in is entered first, and what ended meanwhile is looked at again; whoever is
//! entered hears of it by the shared channel. Where that may have been missed, the store is
//! asked for all of them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use dashmap::{DashMap, Entry};
use rookery_protocol::{CloseCode, LoginId, UserId};
use rookery_store::{Standing, Store, StoreError};
use smallvec::SmallVec;
use tokio::sync::Notify;

use super::Connected;
use crate::{
    accounts::GUEST_PREFIX,
    delivery::{Endpoint, Inboxes, Instruction},
};

/// How long to wait before a store that could not be asked is asked again.
const RETRY: Duration = Duration::from_millis(500);

/// So many are asked for in one call.
const PER_CALL: usize = 500;

/// The log-ins that have sessions here.
#[derive(Debug)]
pub struct Logins {
    by_user: DashMap<UserId, SmallVec<[(LoginId, Endpoint); 1]>>,
    /// How often something was heard that may have ended one.
    changes: AtomicU64,
    doubt: Notify,
    connected: Arc<Connected>,
    inboxes: Arc<Inboxes>,
    store: Store,
}

impl Logins {
    pub(crate) fn new(connected: Arc<Connected>, inboxes: Arc<Inboxes>, store: Store) -> Self {
        Self {
            by_user: DashMap::new(),
            changes: AtomicU64::new(0),
            doubt: Notify::new(),
            connected,
            inboxes,
            store,
        }
    }

    /// Counts whatever may have ended a log-in that nobody here had yet.
    pub fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// A session has this log-in, until it is said otherwise.
    pub(crate) fn enter(&self, user: &UserId, login: LoginId, at: Endpoint) {
        self.by_user
            .entry(user.clone())
            .or_default()
            .push((login, at));
    }

    /// A session is over, or has another log-in.
    pub(crate) fn leave(&self, user: &UserId, at: Endpoint) {
        if let Entry::Occupied(mut sessions) = self.by_user.entry(user.clone()) {
            sessions.get_mut().retain(|(_, other)| *other != at);
            if sessions.get().is_empty() {
                sessions.remove();
            }
        }
    }

    fn of(&self, user: &UserId) -> SmallVec<[(LoginId, Endpoint); 1]> {
        let sessions = self.by_user.get(user);
        sessions
            .map(|sessions| sessions.clone())
            .unwrap_or_default()
    }

    /// What the session there has.
    pub(crate) fn at(&self, user: &UserId, at: Endpoint) -> Option<LoginId> {
        let sessions = self.by_user.get(user)?;
        let mut sessions = sessions.iter();
        sessions.find_map(|(login, other)| (*other == at).then_some(*login))
    }

    /// Log-ins of a user have ended.
    pub(crate) fn end(&self, user: &UserId, logins: &[LoginId]) {
        self.changes.fetch_add(1, Ordering::AcqRel);
        for (login, at) in self.of(user) {
            if logins.contains(&login) {
                self.close(at, CloseCode::SessionRevoked);
            }
        }
    }

    /// Nobody may come in as a user any more.
    pub(crate) fn shut_out(&self, user: &UserId) {
        self.changes.fetch_add(1, Ordering::AcqRel);
        for at in self.connected.of(user) {
            self.close(at, CloseCode::Banned);
        }
    }

    /// A guest has an account now. With the token of that they may come back at once.
    pub(crate) fn registered(&self, user: &UserId) {
        self.changes.fetch_add(1, Ordering::AcqRel);
        let with_login = self.of(user);
        for at in self.connected.of(user) {
            if !with_login.iter().any(|(_, other)| *other == at) {
                self.close(at, CloseCode::TokenExpired);
            }
        }
    }

    /// A user is called otherwise. What was said under the old name stays; what is said from now
    /// on must not be.
    pub(crate) fn renamed(&self, user: &UserId) {
        self.changes.fetch_add(1, Ordering::AcqRel);
        for at in self.connected.of(user) {
            self.close(at, CloseCode::Renamed);
        }
    }

    /// Something may not have been heard.
    pub(crate) fn doubt(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
        self.doubt.notify_one();
    }

    pub(crate) fn close(&self, at: Endpoint, code: CloseCode) {
        let close = Instruction::Close {
            connection: at.connection,
            session: None,
            code,
        };
        self.inboxes.give(at.worker, close);
    }

    /// Asks the store for all of them, and closes those that it does not know.
    async fn look_at_all(&self) -> Result<(), StoreError> {
        let mut asked = Vec::new();
        for entry in &self.by_user {
            let logins = entry.value().iter();
            asked.extend(logins.map(|(login, at)| (entry.key().clone(), Some(*login), *at)));
        }
        let guests = self
            .connected
            .whose_ids_begin_with(GUEST_PREFIX)
            .into_iter();
        let guests = guests.filter(|(user, at)| !self.of(user).iter().any(|(_, it)| it == at));
        asked.extend(guests.map(|(user, at)| (user, None, at)));
        for some in asked.chunks(PER_CALL) {
            let of_store: Vec<_> = some
                .iter()
                .map(|(user, login, _)| (user.clone(), *login))
                .collect();
            let standings = self.store.standings(&of_store).await?;
            for (standing, (_, login, at)) in standings.into_iter().zip(some) {
                match standing {
                    Standing::Stands { .. } => {}
                    Standing::Disabled => self.close(*at, CloseCode::Banned),
                    Standing::Ended if login.is_some() => {
                        self.close(*at, CloseCode::SessionRevoked)
                    }
                    Standing::Ended => self.close(*at, CloseCode::TokenExpired),
                }
            }
        }
        Ok(())
    }
}

/// Looks at all of them whenever something may have been missed, for as long as the node lives.
pub(crate) async fn run(logins: Arc<Logins>) {
    loop {
        logins.doubt.notified().await;
        while let Err(error) = logins.look_at_all().await {
            tracing::debug!(%error, "whose sessions have ended is not known yet; asking again");
            tokio::time::sleep(RETRY).await;
        }
    }
}
