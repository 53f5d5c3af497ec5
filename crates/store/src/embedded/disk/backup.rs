//! A copy of a folder, of one moment, while it is in use or not.

use std::{fs, path::Path};

use redb::{Database, Durability, ReadTransaction, ReadableDatabase, ReadableTable as _};
use serde::{Deserialize, Serialize};

use super::{
    Disk, checksum, control, failure,
    folder::{self, Folder},
    mark::Mark,
    tables::Table,
};
use crate::{DataSync, StoreError};

/// So many entries are written at once.
const AT_ONCE: usize = 20_000;

/// What was copied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backup {
    /// How many rooms.
    pub rooms: u64,
    /// How many events, in all of them.
    pub events: u64,
}

/// Copies a data folder into another one, which must be empty or not there. A node that
/// has the folder does it itself when it is asked. Whoever starts with the copy finds
/// what was so at the moment at which this was called, and clients that have seen more
/// since then are told so.
///
/// # Errors
///
/// [`StoreError::Broken`] where a folder is not what it should be, or there is no room.
pub fn backup(folder: &Path, target: &Path) -> Result<Backup, StoreError> {
    let absolute = |path: &Path| {
        std::path::absolute(path)
            .map_err(|error| StoreError::Broken(failure::io_words(path, &error)))
    };
    let (folder, target) = (absolute(folder)?, absolute(target)?);
    if !folder.join(folder::DATABASE).exists() {
        return Err(StoreError::Broken(format!(
            "there is nothing of rookery in {}; name the folder that embedded.data names",
            folder.display()
        )));
    }
    match control::ask_for_backup(&folder, &target) {
        Some(answer) => answer,
        None => backup_unused(&folder, &target),
    }
}

/// Nobody has the folder.
fn backup_unused(folder: &Path, target: &Path) -> Result<Backup, StoreError> {
    let folder = Folder::take(folder, folder::CACHE_OF_COPY)?;
    let (database, mark) = folder.open(DataSync::EverySecond)?;
    let reading = database
        .begin_read()
        .map_err(|error| failure::of_call(folder.path(), error))?;
    copy(&reading, mark, target)
}

impl Disk {
    /// Copies everything that happened up to now.
    pub(super) fn backup(&self, target: &Path) -> Result<Backup, StoreError> {
        if !self.queue.write_all() {
            self.trouble()?;
        }
        let reading = match &*self.database.read() {
            Some(database) => database.begin_read(),
            None => return Err(StoreError::Unavailable("the store is closed".to_owned())),
        };
        let reading = reading.map_err(|error| failure::of_call(self.folder.path(), error))?;
        copy(&reading, self.mark(false), target)
    }
}

fn copy(from: &ReadTransaction, mark: Mark, target: &Path) -> Result<Backup, StoreError> {
    // Where it came from goes on: what is shared ends here.
    let mark = Mark {
        clean: false,
        sync: DataSync::EverySecond,
        ..mark
    };
    // As long as this is held nobody begins to use what is not whole.
    let taken = Folder::take(target, folder::CACHE_OF_COPY)?;
    if taken.path().join(folder::DATABASE).exists() {
        return Err(StoreError::Broken(format!(
            "there is something in {} already; name a folder that is empty or not there",
            target.display()
        )));
    }
    let fails = |error: redb::Error| StoreError::Broken(failure::words(target, &error));
    let io_fails = |error: std::io::Error| StoreError::Broken(failure::io_words(target, &error));
    let half_done = taken.path().join(folder::NEW);
    if half_done.exists() {
        fs::remove_file(half_done).map_err(io_fails)?;
    }
    let database = folder::create_in(taken.path(), &mark).map_err(fails)?;
    let mut copied = Backup::default();
    for table in Table::ALL {
        let entries = match table {
            Table::Meta => continue,
            table => failure::caught(|| copy_table(from, &database, table)).map_err(fails)?,
        };
        match table {
            Table::Rooms => copied.rooms = entries,
            Table::Events => copied.events = entries,
            _ => {}
        }
    }
    drop(database);
    folder::finish(taken.path()).map_err(io_fails)?;
    Ok(copied)
}

fn copy_table(from: &ReadTransaction, to: &Database, table: Table) -> Result<u64, redb::Error> {
    let source = from.open_table(table.definition())?;
    let mut entries = source.iter()?;
    let mut copied = 0;
    loop {
        let writing = folder::begin_write(to, Durability::Immediate)?;
        let mut some = 0;
        {
            let mut target = writing.open_table(table.definition())?;
            for entry in entries.by_ref().take(AT_ONCE) {
                let (key, value) = entry?;
                checksum::checked(key.value(), value.value())?;
                target.insert(key.value(), value.value())?;
                some += 1;
            }
        }
        writing.commit()?;
        copied += some;
        if some < AT_ONCE as u64 {
            return Ok(copied);
        }
    }
}
