//! The documents of accounts as they lie in the folder.

use super::{BatchNumber, Disk, batch::Batch, tables::Table};
use crate::{
    StoreError,
    accounts::{Document, DocumentKey},
};

impl Disk {
    /// A document; `None` where there is none.
    pub(in crate::embedded) fn document(
        &self,
        key: &DocumentKey,
    ) -> Result<Option<Document>, StoreError> {
        let (table, name) = place_of(key);
        let Some(bytes) = self.get(table, name)? else {
            return Ok(None);
        };
        let text = std::str::from_utf8(&bytes).ok();
        let document = text.and_then(Document::read);
        document.map(Some).ok_or_else(|| self.damaged("an account"))
    }

    /// What lies there from now on.
    pub(in crate::embedded) fn note_document(
        &self,
        key: &DocumentKey,
        document: Option<&Document>,
    ) -> BatchNumber {
        let (table, name) = place_of(key);
        let mut step = Batch::default();
        match document {
            Some(document) => step.put(table, name, &[document.to_text().as_bytes()]),
            None => step.remove(table, name),
        }
        self.push(&mut step)
    }
}

fn place_of(key: &DocumentKey) -> (Table, &[u8]) {
    match key {
        DocumentKey::Account(user) => (Table::Accounts, user.as_str().as_bytes()),
        DocumentKey::Blocks(user) => (Table::Blocks, user.as_str().as_bytes()),
        DocumentKey::Name(name) => (Table::Names, name.as_str().as_bytes()),
    }
}
