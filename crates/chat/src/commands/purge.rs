//! `delete_since` of a ban: what somebody wrote lately goes, message by message.
//!
//! It is done in small steps, so that nobody waits long behind them, and to its end, whoever
//! asked for it and whether or not they wait. Only so many are under way at once.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use rookery_protocol::{Event, RoomId, User, UserId, client_frame::HistoryPage};
use rookery_store::{History, Replacement, StoreError};
use serde::Deserialize;
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, sleep},
};

use super::{
    overwrite::{self, Target},
    send::deliver,
};
use crate::chat::Chat;

/// So many messages are looked at in one step, and those of theirs among them deleted.
const AT_ONCE: u32 = 50;
/// How long others have the store to themselves after each step.
const REST: Duration = Duration::from_millis(5);
/// How long until what the store could not do for now is tried again.
const RETRY: Duration = Duration::from_millis(500);
/// For how long that goes on.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// Whose messages are to go.
#[derive(Debug)]
pub(super) struct Purge {
    pub(super) room: RoomId,
    pub(super) user: UserId,
    /// Who wants it, and must be one who keeps order until the last is gone.
    pub(super) by: User,
    /// Those up to this number.
    pub(super) up_to: u64,
    /// Those since then, in milliseconds since the Unix epoch.
    pub(super) since: u64,
}

/// As much of a message as is looked at.
#[derive(Deserialize)]
struct Written {
    ts: u64,
    from: Writer,
}

#[derive(Deserialize)]
struct Writer {
    id: UserId,
}

impl Purge {
    /// Takes them away. It must not panic.
    pub(super) async fn run(self, chat: Arc<Chat>, permit: OwnedSemaphorePermit) {
        if let Err(error) = self.carry_out(&chat).await {
            let Self { room, user, .. } = &self;
            tracing::warn!(%error, %room, %user, "what somebody banned has written was not taken away to the end");
        }
        drop(permit);
    }

    async fn carry_out(&self, chat: &Chat) -> Result<(), StoreError> {
        let mut before = self.up_to.saturating_add(1);
        loop {
            let (theirs, next) = self.look(chat, before).await?;
            if !self.delete(chat, theirs).await? {
                return Ok(());
            }
            match next {
                Some(next) if next < before => before = next,
                _ => return Ok(()),
            }
            sleep(REST).await;
        }
    }

    /// Their messages of the next step, and where the one after it begins, if there is one.
    async fn look(&self, chat: &Chat, before: u64) -> Result<(Vec<u64>, Option<u64>), StoreError> {
        let patience = Patience::begin();
        loop {
            match self.try_look(chat, before).await {
                Err(error) if patience.is_left(&error) => sleep(RETRY).await,
                looked => return looked,
            }
        }
    }

    async fn try_look(
        &self,
        chat: &Chat,
        before: u64,
    ) -> Result<(Vec<u64>, Option<u64>), StoreError> {
        // They count for the node as what somebody asked for does.
        let most = chat.answers.most_bytes(AT_ONCE.into());
        let Ok(_held) = chat.answers.reserve(most).await else {
            return Err(StoreError::Unavailable("too many answers wait".to_owned()));
        };
        let page = HistoryPage::Before(before);
        let page = chat.store.history(&self.room, None, page, AT_ONCE).await?;
        let History { messages, more, .. } = page;
        let first = messages.first().map(|event| event.seq);
        let mut is_before = false;
        let mut theirs = Vec::new();
        for (seq, written) in messages.iter().filter_map(read) {
            is_before |= written.ts < self.since;
            if written.ts >= self.since && written.from.id == self.user {
                theirs.push(seq);
            }
        }
        Ok((theirs, first.filter(|_| more && !is_before)))
    }

    /// Deletes these; false where who wants it may not any more.
    async fn delete(&self, chat: &Chat, theirs: Vec<u64>) -> Result<bool, StoreError> {
        let mut deleting = Vec::with_capacity(theirs.len());
        for seq in theirs {
            deleting.push(self.delete_one(chat, seq));
        }
        for deleted in join_all(deleting).await {
            match deleted {
                // Somebody else deleted it, or it has expired.
                Ok(()) | Err(StoreError::NoSuchMessage { .. }) => {}
                Err(StoreError::Denied { .. } | StoreError::NoSuchRoom(_)) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    async fn delete_one(&self, chat: &Chat, seq: u64) -> Result<(), StoreError> {
        let patience = Patience::begin();
        loop {
            // What was done though the answer was lost is a message that is deleted already.
            let target = Target {
                room: self.room.clone(),
                seq,
                nonce: None,
            };
            let deletion = overwrite::event(chat, &self.by, target, Replacement::Deletion);
            match chat.store.append(deletion).await {
                Ok(appended) => {
                    deliver(chat, &self.room, appended);
                    return Ok(());
                }
                Err(error) if patience.is_left(&error) => sleep(RETRY).await,
                Err(error) => return Err(error),
            }
        }
    }
}

fn read(event: &Event) -> Option<(u64, Written)> {
    let written = serde_json::from_slice(event.json()).ok()?;
    Some((event.seq, written))
}

/// How long it is tried again what the store could not do for now.
struct Patience(Instant);

impl Patience {
    fn begin() -> Self {
        Self(Instant::now())
    }

    fn is_left(&self, error: &StoreError) -> bool {
        error.is_for_now() && self.0.elapsed() < PATIENCE
    }
}
