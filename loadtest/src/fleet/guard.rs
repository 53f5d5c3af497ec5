//! Ends what was started when a signal ends us.
//!
//! Returning and panicking drop a [`super::Fleet`], which ends its processes; a
//! signal drops nothing. So every process group and folder is held here from
//! its start to its end, and a thread waits for the signal.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    thread,
};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process_group};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};

static HELD: Mutex<Held> = Mutex::new(Held {
    groups: Vec::new(),
    folders: Vec::new(),
});

/// What a signal takes along.
#[derive(Debug)]
struct Held {
    groups: Vec<Pid>,
    folders: Vec<PathBuf>,
}

fn held() -> MutexGuard<'static, Held> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Holds what `start` started. No signal comes between the two.
pub(super) fn hold_group<T>(start: impl FnOnce() -> Result<(Pid, T)>) -> Result<T> {
    listen_for_signals()?;
    let mut held = held();
    let (group, started) = start()?;
    held.groups.push(group);
    Ok(started)
}

/// Call this before the group's leader is waited for: afterwards its id may be somebody else's.
pub(super) fn let_go_of_group(group: Pid) {
    held().groups.retain(|held| *held != group);
}

pub(super) fn hold_folder(folder: &Path) {
    held().folders.push(folder.to_owned());
}

pub(super) fn let_go_of_folder(folder: &Path) {
    held().folders.retain(|held| held != folder);
}

fn listen_for_signals() -> Result<()> {
    static LISTENING: OnceLock<io::Result<()>> = OnceLock::new();
    let listening = LISTENING.get_or_init(|| {
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || {
                if let Some(signal) = signals.forever().next() {
                    end_everything(signal);
                }
            })?;
        Ok(())
    });
    match listening {
        Ok(()) => Ok(()),
        Err(error) => Err(anyhow::anyhow!("{error}")).context("listening for signals"),
    }
}

/// The lock is kept to the end: nothing is started any more.
fn end_everything(signal: i32) -> ! {
    let held = held();
    for group in &held.groups {
        // A group that is gone is what is wanted.
        let _ = kill_process_group(*group, Signal::KILL);
    }
    for folder in &held.folders {
        let _ = fs::remove_dir_all(folder);
    }
    process::exit(128 + signal)
}
