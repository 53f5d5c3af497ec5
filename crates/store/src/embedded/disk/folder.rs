//! The folder itself: whose it is, and that one process has it.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use redb::{Builder, Database, Durability, ReadableDatabase};

use super::{
    database::OpenDatabase,
    failure,
    mark::{LAYOUT, Mark},
    tables::{MARK, Table},
};
use crate::{DataSync, StoreError};

/// The database.
pub(super) const DATABASE: &str = "rookery.redb";
/// One that is being made: it gets its name when it is whole.
pub(super) const NEW: &str = "rookery.redb.new";
/// Locked while the folder is in use.
pub(super) const LOCK: &str = "lock";
/// Where a backup is asked for.
pub(super) const CONTROL: &str = "control";

/// What signs tokens, where nobody named a secret; the gateway writes it.
const SECRET: &str = "secret";

/// What a copy is written with, which is read by nobody meanwhile.
pub(super) const CACHE_OF_COPY: usize = 8 * 1024 * 1024;

/// A folder that this process has, until this is dropped.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    lock: File,
    /// The most memory for what was read or is being written, in bytes.
    cache_bytes: usize,
}

impl Folder {
    /// Takes a folder, which is made where there is none. Nothing is changed in one that is
    /// somebody else's.
    pub(super) fn take(path: &Path, cache_bytes: usize) -> Result<Self, StoreError> {
        let fails = |error: io::Error| StoreError::Broken(failure::io_words(path, &error));
        let path = std::path::absolute(path).map_err(fails)?;
        make(&path).map_err(fails)?;
        if !path.join(DATABASE).exists() {
            refuse_foreign(&path)?;
        }
        let mut options = File::options();
        let lock = options.create(true).truncate(false).write(true);
        let lock = lock.open(path.join(LOCK)).map_err(fails)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                path,
                lock,
                cache_bytes,
            }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Broken(failure::in_use(&path))),
            Err(TryLockError::Error(error)) => Err(fails(error)),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Lets others have it, where this cannot be dropped yet.
    pub(super) fn release(&self) {
        if let Err(error) = self.lock.unlock() {
            tracing::debug!(%error, "the data folder stays locked until the process ends");
        }
    }

    /// The database in it, which is made where there is none, and its mark.
    pub(super) fn open(&self, sync: DataSync) -> Result<(OpenDatabase, Mark), StoreError> {
        if !self.path.join(DATABASE).exists() {
            self.create(sync)?;
        }
        let database = self.reopen()?;
        let mark = failure::caught(|| read_mark(&*database))
            .map_err(|error| failure::of_call(&self.path, error))?;
        let mark = known(&self.path, mark)?;
        Ok((database, mark))
    }

    /// The database that is there.
    pub(super) fn reopen(&self) -> Result<OpenDatabase, StoreError> {
        let opening = || {
            let opened = builder(self.cache_bytes).open(self.path.join(DATABASE));
            Ok(opened.map(OpenDatabase::from)?)
        };
        failure::caught(opening).map_err(|error| failure::of_call(&self.path, error))
    }

    fn create(&self, sync: DataSync) -> Result<(), StoreError> {
        let new = self.path.join(NEW);
        let fails = |error: io::Error| StoreError::Broken(failure::io_words(&self.path, &error));
        // Somebody was ended while making it.
        if new.exists() {
            fs::remove_file(&new).map_err(fails)?;
        }
        let made = create(&new, &Mark::first(sync), self.cache_bytes);
        made.map_err(|error| failure::of_call(&self.path, error))?;
        finish(&self.path).map_err(fails)
    }
}

/// The mark, if it is one that this program writes.
pub(super) fn known(path: &Path, mark: Option<Mark>) -> Result<Mark, StoreError> {
    let mark = mark.ok_or_else(|| {
        let words = "its database has no mark of rookery";
        StoreError::Broken(failure::damaged(path, words))
    })?;
    if mark.layout != LAYOUT {
        return Err(StoreError::Broken(format!(
            "the data folder {} has layout {}, and this rookery writes {LAYOUT}; use the rookery that wrote it, or begin with an empty folder",
            path.display(),
            mark.layout
        )));
    }
    Ok(mark)
}

/// Makes a folder that nobody else may look into, unless there is one.
fn make(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
    }
    #[cfg(not(unix))]
    fs::create_dir_all(path)
}

pub(super) fn refuse_foreign(path: &Path) -> Result<(), StoreError> {
    let entries = fs::read_dir(path);
    let entries = entries.map_err(|error| StoreError::Broken(failure::io_words(path, &error)))?;
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_ours = [NEW, LOCK, CONTROL, SECRET, "lost+found"]
            .iter()
            .any(|ours| name == *ours);
        if !is_ours {
            return Err(StoreError::Broken(format!(
                "the data folder {} is not one of rookery: it has no {DATABASE}, but {}; name another folder, or an empty one",
                path.display(),
                name.display()
            )));
        }
    }
    Ok(())
}

fn builder(cache_bytes: usize) -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(cache_bytes);
    builder
}

/// Makes a database in a folder of its own, not yet under its name.
pub(super) fn create_in(folder: &Path, mark: &Mark) -> Result<OpenDatabase, redb::Error> {
    create(&folder.join(NEW), mark, CACHE_OF_COPY)
}

fn create(path: &Path, mark: &Mark, cache_bytes: usize) -> Result<OpenDatabase, redb::Error> {
    let database = OpenDatabase::from(builder(cache_bytes).create(path)?);
    let writing = begin_write(&database, Durability::Immediate)?;
    for table in Table::ALL {
        writing.open_table(table.definition())?;
    }
    write_mark(&writing, mark)?;
    writing.commit()?;
    Ok(database)
}

/// Gives a database that was made its name. It must be closed.
pub(super) fn finish(folder: &Path) -> io::Result<()> {
    fs::rename(folder.join(NEW), folder.join(DATABASE))?;
    File::open(folder)?.sync_all()
}

/// Begins a write after which the database opens at once however it ends.
pub(super) fn begin_write(
    database: &Database,
    durability: Durability,
) -> Result<redb::WriteTransaction, redb::Error> {
    let mut writing = database.begin_write()?;
    writing.set_durability(durability)?;
    writing.set_quick_repair(durability_needs_repair(durability));
    Ok(writing)
}

fn durability_needs_repair(durability: Durability) -> bool {
    matches!(durability, Durability::Immediate)
}

pub(super) fn write_mark(writing: &redb::WriteTransaction, mark: &Mark) -> Result<(), redb::Error> {
    let mut table = writing.open_table(Table::Meta.definition())?;
    table.insert(MARK, &*mark.to_bytes())?;
    Ok(())
}

pub(super) fn read_mark(database: &impl ReadableDatabase) -> Result<Option<Mark>, redb::Error> {
    let reading = database.begin_read()?;
    let table = match reading.open_table(Table::Meta.definition()) {
        Ok(table) => table,
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let bytes = table.get(MARK)?;
    Ok(bytes.and_then(|bytes| Mark::read(bytes.value())))
}
