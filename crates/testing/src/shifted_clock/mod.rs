//! A wall clock that is wrong, for one process alone.
//!
//! A small library shifts what the process is told of the time. It is compiled
//! when it is needed (Linux, any C compiler named `cc`).

use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicI64, Ordering},
};

use anyhow::{Context, Result, ensure};

const SOURCE: &str = include_str!("shifted_clock.c");

/// The clock of the processes that are started with it. They tell the right
/// time until [`Self::step`].
#[derive(Debug)]
pub(crate) struct ShiftedClock {
    library: PathBuf,
    shift_file: PathBuf,
    shift_ms: AtomicI64,
}

impl ShiftedClock {
    /// Compiles the library in a folder, which has to outlive the clock.
    pub(crate) fn new(folder: &Path) -> Result<Self> {
        let source = folder.join("shifted_clock.c");
        let clock = Self {
            library: folder.join("shifted_clock.so"),
            shift_file: folder.join("shifted_clock"),
            shift_ms: AtomicI64::new(0),
        };
        fs::write(&source, SOURCE)?;
        fs::write(&clock.shift_file, 0_i64.to_ne_bytes())?;
        let output = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .args([&clock.library, &source])
            .arg("-ldl")
            .output()
            .context("running cc (Debian: apt-get install gcc)")?;
        ensure!(
            output.status.success(),
            "cc: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(clock)
    }

    /// Has a process told the time by this clock.
    pub(crate) fn give_to(&self, command: &mut Command) {
        command
            .env("LD_PRELOAD", &self.library)
            .env("SHIFTED_CLOCK", &self.shift_file);
    }

    /// Steps the clock forward, or back where that is negative.
    pub(crate) fn step(&self, by_ms: i64) -> Result<()> {
        let shift_ms = self.shift_ms.fetch_add(by_ms, Ordering::Relaxed) + by_ms;
        let shift_ns = shift_ms * 1_000_000;
        // In place and at once: the process has the file in its memory.
        let file = File::options().write(true).open(&self.shift_file)?;
        file.write_all_at(&shift_ns.to_ne_bytes(), 0)?;
        Ok(())
    }
}
