//! A database that is open. One that is damaged may panic even where it is closed.

use std::ops::Deref;

use redb::Database;

use super::failure;

/// A database, closed when this is dropped.
#[derive(Debug)]
pub(super) struct OpenDatabase(Option<Database>);

impl From<Database> for OpenDatabase {
    fn from(database: Database) -> Self {
        Self(Some(database))
    }
}

impl Deref for OpenDatabase {
    type Target = Database;

    #[allow(clippy::expect_used)] // taken in `drop` alone
    fn deref(&self) -> &Database {
        self.0.as_ref().expect("open until it is dropped")
    }
}

impl Drop for OpenDatabase {
    fn drop(&mut self) {
        let database = self.0.take();
        let closing = || {
            drop(database);
            Ok(())
        };
        if let Err(error) = failure::caught(closing) {
            tracing::warn!(%error, "the data folder could not be closed as it should be");
        }
    }
}
