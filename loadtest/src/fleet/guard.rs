//! Ends what was started when a signal ends us.
//!
//! Returning and panicking drop a [`super::Fleet`], which ends its processes; a
//! signal drops nothing. So every process group and folder is held here from
//! its start to its end, and a thread waits for the signal. A scenario that was
//! asked to stop reports what it has measured so far; who does not come to an
//! end is ended.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process,
    sync::{
        Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
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

/// How long a run may take to end by itself after the first signal.
const GRACE: Duration = Duration::from_secs(15);
/// The signal of this number ends at once.
const MOST_SIGNALS: usize = 3;

static SIGNALS: AtomicUsize = AtomicUsize::new(0);

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

/// Whether we were asked to end.
pub(super) fn asked_to_end() -> bool {
    SIGNALS.load(Ordering::Relaxed) > 0
}

fn listen_for_signals() -> Result<()> {
    static LISTENING: OnceLock<io::Result<()>> = OnceLock::new();
    let listening = LISTENING.get_or_init(|| {
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || {
                for signal in signals.forever() {
                    take_signal(signal);
                }
            })?;
        Ok(())
    });
    match listening {
        Ok(()) => Ok(()),
        Err(error) => Err(anyhow::anyhow!("{error}")).context("listening for signals"),
    }
}

fn take_signal(signal: i32) {
    let before = SIGNALS.fetch_add(1, Ordering::Relaxed);
    if signal == SIGHUP || before + 1 >= MOST_SIGNALS {
        end_everything(signal);
    }
    if before == 0 {
        thread::spawn(move || {
            thread::sleep(GRACE);
            end_everything(signal);
        });
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
