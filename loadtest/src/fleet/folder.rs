//! Where processes write their logs and files while a run goes on.

use std::path::Path;

use anyhow::{Context, Result};
use tempfile::TempDir;

use super::guard;

/// The folder of logs and of Redis's files; removed when dropped.
#[derive(Debug)]
pub(crate) struct Folder(TempDir);

impl Folder {
    /// # Errors
    ///
    /// Where there is no room for it.
    pub(crate) fn new() -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("rookery-loadtest-")
            .tempdir()
            .context("making a folder for the servers' logs")?;
        guard::hold_folder(folder.path());
        Ok(Self(folder))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        guard::let_go_of_folder(self.path());
    }
}
