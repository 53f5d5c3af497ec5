//! How a process that has no access to the folder asks the one that has.
//!
//! A socket in the folder: whoever may open it may read the folder anyway. A line is asked,
//! the path of a backup, and a line of JSON answered.

use std::{
    fs,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    os::unix::{
        fs::PermissionsExt as _,
        net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::{Backup, Disk, folder::CONTROL};
use crate::StoreError;

/// How long somebody may take to say what they want.
const PATIENCE: Duration = Duration::from_secs(5);

/// The most bytes of it, as Linux has it of paths.
const LONGEST_PATH: u64 = 4096;

/// The socket, which goes when this is dropped.
#[derive(Debug)]
pub(super) struct Control {
    path: PathBuf,
    ended: Arc<AtomicBool>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum BackupReply {
    Done(Backup),
    Failed(String),
}

impl Control {
    /// Listens for as long as the folder is in use. Without it a node serves as well.
    pub(super) fn start(disk: &Arc<Disk>) -> Option<Self> {
        let path = disk.folder.path().join(CONTROL);
        match listen(&path, Arc::downgrade(disk)) {
            Ok(ended) => Some(Self { path, ended }),
            Err(error) => {
                tracing::warn!(%error, "no socket {}: the data folder can be backed up only while no node runs", path.display());
                None
            }
        }
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
        // So that it looks.
        drop(UnixStream::connect(&self.path));
        let _ = fs::remove_file(&self.path);
    }
}

fn listen(path: &Path, disk: Weak<Disk>) -> io::Result<Arc<AtomicBool>> {
    // The folder is ours, so this is left from somebody who was killed.
    if path.exists() {
        fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    let ended = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&ended);
    let serve = move || {
        for stream in listener.incoming() {
            if seen.load(Ordering::Acquire) {
                return;
            }
            if let Ok(stream) = stream
                && let Err(error) = serve(&stream, &disk)
            {
                tracing::debug!(%error, "who asked for a backup has hung up");
            }
        }
    };
    let thread = thread::Builder::new().name("data control".to_owned());
    thread.spawn(serve)?;
    Ok(ended)
}

fn serve(mut stream: &UnixStream, disk: &Weak<Disk>) -> io::Result<()> {
    // Whoever says nothing must not keep others from being heard.
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut target = String::new();
    BufReader::new(stream.take(LONGEST_PATH)).read_line(&mut target)?;
    if !target.ends_with('\n') {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let Some(disk) = disk.upgrade() else {
        return Ok(());
    };
    let answer = match disk.backup(Path::new(target.trim_end_matches('\n'))) {
        Ok(backup) => {
            tracing::info!(
                rooms = backup.rooms,
                events = backup.events,
                "the data folder was copied to {}",
                target.trim_end()
            );
            BackupReply::Done(backup)
        }
        Err(error) => BackupReply::Failed(match error {
            StoreError::Broken(words) => words,
            other => other.to_string(),
        }),
    };
    let mut line = serde_json::to_vec(&answer)?;
    line.push(b'\n');
    stream.write_all(&line)
}

/// Asks the process that has a folder; `None` where none has.
pub(super) fn ask_for_backup(folder: &Path, target: &Path) -> Option<Result<Backup, StoreError>> {
    let stream = UnixStream::connect(folder.join(CONTROL)).ok()?;
    Some(ask(&stream, target).unwrap_or_else(|error| {
        Err(StoreError::Broken(format!(
            "the process that has the folder {} did not answer: {error}",
            folder.display()
        )))
    }))
}

fn ask(mut stream: &UnixStream, target: &Path) -> io::Result<Result<Backup, StoreError>> {
    let target = target.to_str().filter(|path| !path.contains('\n'));
    let target = target.ok_or_else(|| io::Error::other("the name of the folder is not text"))?;
    stream.write_all(format!("{target}\n").as_bytes())?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    Ok(match serde_json::from_str(&line)? {
        BackupReply::Done(backup) => Ok(backup),
        BackupReply::Failed(words) => Err(StoreError::Broken(words)),
    })
}
