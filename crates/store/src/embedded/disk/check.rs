//! Looks at a data folder without changing anything in it.

use std::{
    fs::{File, TryLockError},
    path::Path,
};

use redb::{Database, DatabaseError, ReadOnlyDatabase};

use super::{
    failure,
    folder::{self, DATABASE, LOCK},
};
use crate::{CheckLine, DataSettings, StoreError};

const MEND: &str = "see embedded.data";

/// Says in words whether the folder will do.
pub(crate) fn check(data: &DataSettings) -> Vec<CheckLine> {
    let shown = data.folder.display();
    if !data.folder.exists() {
        return vec![CheckLine::ok(format!(
            "the data folder {shown} will be made"
        ))];
    }
    let line = match look(&data.folder) {
        Ok(words) => CheckLine::ok(format!("the data folder {shown} {words}")),
        Err(StoreError::Broken(words)) => CheckLine::failed(words, MEND),
        Err(error) => CheckLine::failed(error.to_string(), MEND),
    };
    vec![line]
}

fn look(path: &Path) -> Result<&'static str, StoreError> {
    if !path.join(DATABASE).exists() {
        folder::refuse_foreign(path)?;
        return Ok("is empty, and will be used");
    }
    let lock = File::open(path.join(LOCK));
    if lock.is_ok_and(|lock| matches!(lock.try_lock(), Err(TryLockError::WouldBlock))) {
        return Ok("is in use by a node");
    }
    let reading = || match Database::builder().open_read_only(path.join(DATABASE)) {
        Ok::<ReadOnlyDatabase, _>(database) => folder::read_mark(&database).map(Some),
        Err(DatabaseError::RepairAborted) => Ok(None),
        Err(error) => Err(error.into()),
    };
    match failure::caught(reading).map_err(|error| failure::of_call(path, error))? {
        Some(mark) => folder::known(path, mark).map(|_| "can be used"),
        None => Ok("was not closed the last time; it can be used"),
    }
}
