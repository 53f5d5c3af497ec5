//! A redis-server that comes back with less than it had, as after a fail-over
//! to a replica that lagged, or with a file that a power cut shortened.

use std::{fs, io, path::Path};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::RedisServer;

/// What a server had on disk at some moment.
#[derive(Debug)]
pub struct RedisCopy {
    folder: TempDir,
}

impl RedisServer {
    /// Copies what is on disk. With an append-only file that is all that was
    /// answered by now.
    ///
    /// # Errors
    ///
    /// When something cannot be copied.
    pub fn copy(&self) -> Result<RedisCopy> {
        let folder = tempfile::tempdir().context("making a folder for a copy of Redis")?;
        copy_folder(self.folder(), folder.path()).context("copying the files of Redis")?;
        Ok(RedisCopy { folder })
    }

    /// Ends it as a crash does and starts it again with what it had on disk
    /// when the copy was made: everything since is lost.
    ///
    /// # Errors
    ///
    /// When something cannot be copied, or it does not answer in time.
    pub fn restart_with(&mut self, copy: &RedisCopy) -> Result<()> {
        self.kill();
        let folder = self.folder();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                fs::remove_dir_all(path)?;
            } else {
                fs::remove_file(path)?;
            }
        }
        copy_folder(copy.folder.path(), folder).context("copying the files of Redis back")?;
        self.restart()
    }
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let copy = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir_all(&copy)?;
            copy_folder(&entry.path(), &copy)?;
        } else {
            fs::copy(entry.path(), copy)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_after_the_copy_is_lost() {
        let mut server = RedisServer::start_with_append_only_file().unwrap();
        server.command(&["SET", "kept", "1"]).unwrap();
        let copy = server.copy().unwrap();
        for _ in 0..2 {
            server.command(&["SET", "lost", "1"]).unwrap();
            server.restart_with(&copy).unwrap();
            assert_eq!(server.command(&["GET", "kept"]).unwrap(), "1");
            assert_eq!(server.command(&["GET", "lost"]).unwrap(), "");
        }
    }
}
