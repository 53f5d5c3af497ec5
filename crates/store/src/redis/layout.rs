//! Which layout lies in Redis: another one is neither read nor written to.

use fred::{
    interfaces::KeysInterface,
    types::{SetOptions, Value},
};

use super::{connection::Connection, keys};
use crate::StoreError;

/// The layout of this program: see `docs/STORAGE.md`.
const LAYOUT: u64 = 2;

impl Connection {
    /// Sees that what is kept is of this layout, and notes that where nothing is kept yet.
    ///
    /// # Errors
    ///
    /// As [`Self::look_at_layout`].
    pub(super) async fn establish_layout(&self) -> Result<(), StoreError> {
        match self.look_at_layout().await? {
            true => Ok(()),
            false => self.note_layout().await,
        }
    }

    /// Whether the layout is noted.
    ///
    /// # Errors
    ///
    /// [`StoreError::Broken`] with what to do where it is another one.
    pub(super) async fn look_at_layout(&self) -> Result<bool, StoreError> {
        let client = self.client();
        let held: Option<String> = self.run(client.get(keys::LAYOUT)).await?;
        let held = match held {
            Some(held) => held,
            // Before it was noted there was one, with a key that every node wrote.
            None => match self.run(client.exists::<u64, _>(keys::LAYOUT_1)).await? {
                0 => return Ok(false),
                _ => "1".to_owned(),
            },
        };
        if held == LAYOUT.to_string() {
            return Ok(true);
        }
        Err(StoreError::Broken(format!(
            "Redis holds rooms in layout {held}, and this program reads and writes layout {LAYOUT} alone. Nothing was changed. Use the version of Rookery that wrote them, or give this one a database of its own (redis.url ending in /1, say), or empty this one (FLUSHDB), which takes all rooms away"
        )))
    }

    async fn note_layout(&self) -> Result<(), StoreError> {
        let layout = LAYOUT.to_string();
        let noting = self.client().set::<Value, _, _>(
            keys::LAYOUT,
            layout,
            None,
            Some(SetOptions::NX),
            false,
        );
        match self.run(noting).await {
            // It does not write just now, and has nothing of another layout: it is noted when it does.
            Ok(_) | Err(StoreError::ReadOnly(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
