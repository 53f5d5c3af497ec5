//! What went wrong with the folder, in words that say what to do.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use redb::Error;

use crate::StoreError;

/// Carries out something with the database, which panics where its file makes no sense.
/// Nothing of ours is changed halfway in there.
pub(super) fn caught<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    let done = catch_unwind(AssertUnwindSafe(work));
    done.unwrap_or_else(|_| Err(Error::Corrupted("its database makes no sense".to_owned())))
}

/// What is wrong where the database says so.
pub(super) fn words(folder: &Path, error: &Error) -> String {
    let shown = folder.display();
    match error {
        Error::Io(error) => io_words(folder, error),
        Error::Corrupted(words) => damaged(folder, words),
        Error::PreviousIo => format!("writing to the data folder {shown} failed before"),
        Error::DatabaseAlreadyOpen => in_use(folder),
        Error::UpgradeRequired(_) => format!(
            "the data folder {shown} was written by an older database than this rookery has; start it once with the rookery that wrote it and make a backup, or begin with an empty folder"
        ),
        other => format!("the data folder {shown} cannot be used: {other}"),
    }
}

/// What is wrong where the system says so.
pub(super) fn io_words(folder: &Path, error: &io::Error) -> String {
    let shown = folder.display();
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => format!(
            "the disk of the data folder {shown} is full; nothing more is taken until there is room"
        ),
        io::ErrorKind::FileTooLarge => format!(
            "the files of the data folder {shown} may not grow any more; nothing more is taken until they may (ulimit -f)"
        ),
        io::ErrorKind::PermissionDenied => {
            format!(
                "the data folder {shown} may not be written: {error}; give it to the user that runs rookery"
            )
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            format!("the data folder {shown} is on a file system that may only be read")
        }
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
            damaged(folder, &error.to_string())
        }
        _ => format!("the data folder {shown} cannot be used: {error}"),
    }
}

pub(super) fn damaged(folder: &Path, words: &str) -> String {
    format!(
        "the data folder {} is damaged ({words}); it was left as it is: put a copy of `rookery backup` in its place, or begin with an empty folder",
        folder.display()
    )
}

pub(super) fn in_use(folder: &Path) -> String {
    format!(
        "the data folder {} is in use by another process; end that first, or give each a folder of its own",
        folder.display()
    )
}

/// What a call gives where the database cannot be read.
pub(super) fn of_call(folder: &Path, error: impl Into<Error>) -> StoreError {
    StoreError::Broken(words(folder, &error.into()))
}
