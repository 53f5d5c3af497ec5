//! The documents of accounts.
//!
//! Where they are kept on the disk as well, memory has those that are still to be written:
//! what is read again is never older than what was let go of.

use std::sync::Arc;

use dashmap::{DashMap, Entry};

use super::{
    Embedded, clock,
    disk::{BatchNumber, Disk},
};
use crate::{
    AccountTimes, StoreError,
    accounts::{Document, DocumentKey, Documents, Version},
};

/// What was last put under each key, and what that is written with; `None` is that there is
/// nothing.
#[derive(Debug)]
pub(super) struct KeptDocuments {
    by_key: DashMap<DocumentKey, (Option<Document>, BatchNumber)>,
    disk: Option<Arc<Disk>>,
    times: AccountTimes,
}

impl KeptDocuments {
    pub(super) fn new(disk: Option<Arc<Disk>>, times: AccountTimes) -> Self {
        Self {
            by_key: DashMap::new(),
            disk,
            times,
        }
    }

    fn find(&self, key: &DocumentKey) -> Result<(Option<Document>, BatchNumber), StoreError> {
        if let Some(found) = self.by_key.get(key) {
            return Ok(found.clone());
        }
        Ok((self.read(key)?, BatchNumber::default()))
    }

    fn read(&self, key: &DocumentKey) -> Result<Option<Document>, StoreError> {
        let disk = self.disk.as_ref();
        disk.map_or(Ok(None), |disk| disk.document(key))
    }

    /// The place is held meanwhile, so that nobody else looks at it.
    fn swap(
        &self,
        key: &DocumentKey,
        version: Option<Version>,
        next: Option<Document>,
    ) -> Result<Option<BatchNumber>, StoreError> {
        let entry = self.by_key.entry(key.clone());
        let present = match &entry {
            Entry::Occupied(entry) => entry.get().0.as_ref().map(|held| held.version),
            Entry::Vacant(_) => self.read(key)?.map(|held| held.version),
        };
        if present != version {
            return Ok(None);
        }
        let disk = self.disk.as_ref();
        let batch = disk.map(|disk| disk.note_document(key, next.as_ref()));
        let batch = batch.unwrap_or_default();
        match entry {
            Entry::Occupied(entry) if next.is_none() && self.disk.is_none() => {
                entry.remove();
            }
            entry => {
                entry.insert((next, batch));
            }
        }
        Ok(Some(batch))
    }

    /// Lets go of those that are written.
    pub(super) fn forget_written(&self) {
        if let Some(disk) = &self.disk {
            self.by_key
                .retain(|_, (_, batch)| !disk.has_written(*batch));
        }
    }
}

impl Embedded {
    pub(crate) fn account_times(&self) -> AccountTimes {
        self.shared.documents.times
    }

    /// See `crate::Store::documents`.
    pub(crate) async fn documents(&self, keys: &[DocumentKey]) -> Result<Documents, StoreError> {
        let mut last = BatchNumber::default();
        let mut found = Vec::with_capacity(keys.len());
        {
            let _step = self.shared.step();
            for key in keys {
                let (document, batch) = self.shared.documents.find(key)?;
                last = last.max(batch);
                found.push(document);
            }
        }
        let now = clock::now_ms();
        self.kept(last).await?;
        Ok(Documents { now, found })
    }

    /// See `crate::Store::swap_document`.
    pub(crate) async fn swap_document(
        &self,
        key: &DocumentKey,
        version: Option<Version>,
        next: Option<Document>,
    ) -> Result<bool, StoreError> {
        let swapped = {
            let _step = self.shared.step();
            self.shared.trouble()?;
            self.shared.documents.swap(key, version, next)?
        };
        match swapped {
            Some(batch) => self.kept(batch).await.map(|()| true),
            None => Ok(false),
        }
    }
}
