//! `rookery backup`: a copy of a data folder, whether a node is using it or not.

use std::{
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::mpsc::{self, RecvTimeoutError},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use clap::Args;
use rookery_store::Backup;

use super::{flags::Flags, say};
use crate::{identity::own_secret, settings::Engine};

/// How often it is said that it is still under way.
const SAY_AGAIN: Duration = Duration::from_millis(500);

#[derive(Debug, Args)]
pub(super) struct BackupArgs {
    /// Where the copy goes: a folder that is empty or not there yet
    target: PathBuf,
}

/// Copies the data folder that the settings name.
pub(super) fn backup(flags: &Flags, args: &BackupArgs) -> anyhow::Result<ExitCode> {
    let settings = flags.load()?.settings;
    if settings.store == Engine::Redis {
        bail!(
            "this copies the folder of an embedded engine; what is in Redis is kept by Redis (BGSAVE, or its append-only file)"
        );
    }
    let Some(data) = settings.data_settings() else {
        bail!("name the folder that is to be copied: --data DIR, or embedded.data");
    };
    let Backup { rooms, events } = copy(&data.folder, &args.target)?;
    let secret = own_secret::find(&settings)?;
    if let Some(secret) = &secret {
        own_secret::keep(&args.target, secret.reveal())
            .context("everything was copied but the secret that signs tokens")?;
    }
    let shown = args.target.display();
    say(&format!(
        "{rooms} rooms with {events} events are in {shown}{}",
        match secret {
            Some(_) => ", and the secret that signs tokens",
            None => "",
        }
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// Copies in a thread of its own, so that somebody at a terminal sees that it goes on.
fn copy(folder: &Path, target: &Path) -> anyhow::Result<Backup> {
    let (done, copied) = mpsc::channel();
    let (from, to) = (folder.to_owned(), target.to_owned());
    std::thread::spawn(move || {
        // Whoever waits is there until the end.
        let _ = done.send(rookery_store::backup(&from, &to));
    });
    let begun = Instant::now();
    let is_shown = io::stderr().is_terminal();
    loop {
        match copied.recv_timeout(SAY_AGAIN) {
            Ok(copied) => {
                wipe(is_shown);
                return Ok(copied?);
            }
            Err(RecvTimeoutError::Disconnected) => bail!("copying broke"),
            Err(RecvTimeoutError::Timeout) if is_shown => show(target, begun),
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

fn show(target: &Path, begun: Instant) {
    let files = std::fs::read_dir(target).into_iter().flatten().flatten();
    let bytes: u64 = files
        .filter_map(|file| Some(file.metadata().ok()?.len()))
        .sum();
    let (mib, seconds) = (bytes >> 20, begun.elapsed().as_secs());
    // Where nobody can see it nothing is lost.
    let _ = write!(io::stderr(), "\rcopying: {mib} MiB after {seconds} s");
}

fn wipe(is_shown: bool) {
    if is_shown {
        let _ = write!(io::stderr(), "\r\x1b[K");
    }
}
